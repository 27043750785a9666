//go:build real

package smtp_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/connectortest"
	"github.com/afterchat/afterchat/connectors/smtp"
	"github.com/afterchat/afterchat/connectors/smtp/smtptest"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/testenv/mailserver"
)

func TestARealPostfix(t *testing.T) {
	t.Parallel()
	server := mailserver.Start(t)
	t.Run("passes the suite", func(t *testing.T) {
		connectortest.Run(t, func(t *testing.T) *connectortest.Harness { return realHarness(t, server) })
	})
	t.Run("the rest", func(t *testing.T) {
		for name, test := range map[string]func(*testing.T, *mailserver.Server){
			"200 mails at once arrive once each":           manyMails,
			"TLS that was asked for is never done without": realTLS,
			"every way to sign in":                         realSignIn,
			"a refused recipient":                          refusedRecipient,
			"greylisted and full mailboxes":                laterRecipients,
			"an address outside ASCII":                     internationalRecipient,
			"every kind of token":                          realTokens,
			"signatures":                                   realSignatures,
			"a mail larger than Postfix takes":             largeMail,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, server)
			})
		}
	})
}

func realHarness(t *testing.T, server *mailserver.Server) *connectortest.Harness {
	line := newLine(t, server.Plain)
	return &connectortest.Harness{
		Connector: to(t, line.address, nil),
		NotHTTP:   true,
		Sent: func(t *testing.T) (sent []connectortest.Message) {
			for _, m := range server.Mails(t, "") {
				sent = append(sent, connectortest.Message{To: m.To, Subject: m.GetHeader("Subject"), ID: m.GetHeader("Message-ID"), Body: m.Text})
			}
			return sent
		},
		To:    newRecipient,
		Break: func(_ *testing.T, how connectortest.Breakage) { line.breakOnce(how) },
	}
}

var recipients atomic.Int64

func newRecipient(*testing.T) string {
	return fmt.Sprintf("recipient%d@customers.example", recipients.Add(1))
}

func manyMails(t *testing.T, server *mailserver.Server) {
	const senders, each = 20, 10
	client := to(t, server.Plain, nil)
	recipient := newRecipient(t)
	want := sync.Map{}
	var wg sync.WaitGroup
	for i := range senders {
		wg.Go(func() {
			for j := range each {
				m := mailTo(t, recipient)
				m.Key = chat.NewKey("acme", fmt.Sprintf("c_%d_%d", i, j), 1, chat.EmailTranscript, "user")
				m.Text, m.HTML = "The plain text of "+m.Key.String(), "<p>The HTML of "+m.Key.String()+"</p>"
				want.Store("<"+m.Key.String()+"@acme.example>", m)
				if _, err := client.Send(t.Context(), m); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	seen := map[string]int{}
	for _, mail := range server.Mails(t, recipient) {
		id := mail.GetHeader("Message-ID")
		seen[id]++
		sent, ok := want.Load(id)
		m, _ := sent.(connectors.Outgoing)
		if !ok || strings.TrimSpace(mail.Text) != m.Text || strings.TrimSpace(mail.HTML) != m.HTML || len(mail.Errors) != 0 {
			t.Errorf("%s arrived as %q and %q, with %v", id, mail.Text, mail.HTML, mail.Errors)
		}
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s arrived %d times", id, n)
		}
	}
	if len(seen) != senders*each {
		t.Errorf("%d mails arrived, want %d", len(seen), senders*each)
	}
}

func realTLS(t *testing.T, server *mailserver.Server) {
	other := authority(t, serve(t, smtptest.Options{StartTLS: true}))
	for name, test := range map[string]struct{ address, tls, ca, code string }{
		"starttls":                     {server.StartTLS, smtp.TLSStart, server.CAFile, ""},
		"implicit":                     {server.Implicit, smtp.TLSImplicit, server.CAFile, ""},
		"by name":                      {strings.Replace(server.StartTLS, "127.0.0.1", "localhost", 1), smtp.TLSStart, server.CAFile, ""},
		"starttls at a server without": {server.Plain, smtp.TLSStart, server.CAFile, "starttls_unsupported"},
		"starttls with a certificate nobody trusts": {server.StartTLS, smtp.TLSStart, "", "tls_certificate"},
		"starttls signed by another authority":      {server.StartTLS, smtp.TLSStart, other, "tls_certificate"},
		"implicit signed by another authority":      {server.Implicit, smtp.TLSImplicit, other, "tls_certificate"},
		"in the clear at a server that asks for it": {server.StartTLS, smtp.TLSNone, "", "5.7.0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line := newLine(t, test.address)
			address := line.address
			if strings.HasPrefix(test.address, "localhost") {
				address = strings.Replace(address, "127.0.0.1", "localhost", 1)
			}
			recipient := newRecipient(t)
			m := mailTo(t, recipient)
			m.Text = "It smells of smoke"
			_, err := to(t, address, func(s *smtp.Settings) { s.TLS, s.CAFile = test.tls, test.ca }).Send(t.Context(), m)
			if fault.CodeOf(err) != test.code || (test.code == "") != (err == nil) || err != nil && !fault.Is(err, fault.Denied) {
				t.Errorf("%v, want code %q", err, test.code)
			}
			arrived := 0
			if test.code == "" {
				arrived = 1
			}
			if n := len(server.Mails(t, recipient)); n != arrived {
				t.Errorf("%d mails arrived, want %d", n, arrived)
			}
			if said := line.heard(); test.tls != smtp.TLSNone && (strings.Contains(said, recipient) || strings.Contains(said, m.Text)) {
				t.Errorf("said in the clear: %q", said)
			}
		})
	}
}

func realSignIn(t *testing.T, server *mailserver.Server) {
	server.SetPassword(t, "shop", "right-1f3b")
	for name, address := range map[string]string{"PLAIN": server.AuthPlain, "LOGIN": server.AuthLogin, "CRAM-MD5": server.AuthCRAM} {
		client := func(password connectors.Secret) *smtp.Client {
			return to(t, address, func(s *smtp.Settings) {
				s.Username, s.Password = "shop@mail.test", password
				if address != server.AuthCRAM {
					s.TLS, s.CAFile = smtp.TLSStart, server.CAFile
				}
			})
		}
		recipient := newRecipient(t)
		if _, err := client("right-1f3b").Send(t.Context(), mailTo(t, recipient)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_, err := client("wrong-5c2e").Send(t.Context(), mailTo(t, recipient))
		if !fault.Is(err, fault.Denied) || fault.CodeOf(err) != "5.7.8" || strings.Contains(err.Error(), "wrong-5c2e") {
			t.Errorf("%s with a wrong password: %v", name, err)
		}
		if n := len(server.Mails(t, recipient)); n != 1 {
			t.Errorf("%s: %d mails arrived, want 1", name, n)
		}
	}
}

func refusedRecipient(t *testing.T, server *mailserver.Server) {
	client := to(t, server.Plain, nil)
	_, err := client.Send(t.Context(), mailTo(t, "nobody.here@example.com"))
	if !fault.Is(err, fault.Invalid) || fault.CodeOf(err) != "5.1.1" || strings.Contains(err.Error(), "nobody") {
		t.Errorf("%v", err)
	}
	recipient := newRecipient(t)
	if _, err := client.Send(t.Context(), mailTo(t, recipient)); err != nil || len(server.Mails(t, recipient)) != 1 {
		t.Errorf("the mail after that one: %v", err)
	}
}

func laterRecipients(t *testing.T, server *mailserver.Server) {
	client := to(t, server.Plain, nil)
	for action, want := range map[string]string{
		"450 4.7.1 Greylisted":       "4.7.1",
		"452 4.2.2 Mailbox is full":  "4.2.2",
		"552 5.2.2 Mailbox is full":  "5.2.2",
		"defer_if_permit Try again!": "4.7.1",
	} {
		recipient := newRecipient(t)
		server.SetPolicy(recipient, func(mailserver.Request) string { return action })
		_, err := client.Send(t.Context(), mailTo(t, recipient))
		if !fault.Is(err, fault.Transient) || fault.CodeOf(err) != want || strings.Contains(err.Error(), recipient) {
			t.Errorf("%s: %v", action, err)
		}
		if n := len(server.Mails(t, recipient)); n != 0 {
			t.Errorf("%s: %d mails arrived", action, n)
		}
	}
}

func internationalRecipient(t *testing.T, server *mailserver.Server) {
	const recipient = "jörg@bücher.example"
	if _, err := to(t, server.Plain, nil).Send(t.Context(), mailTo(t, recipient)); err != nil {
		t.Fatal(err)
	}
	if n := len(server.Mails(t, "jörg@xn--bcher-kva.example")); n != 1 {
		t.Errorf("%d mails arrived, want 1", n)
	}
}

func largeMail(t *testing.T, server *mailserver.Server) {
	m := outgoing(t)
	m.Text = strings.Repeat("smoke\n", 200_000)
	if _, err := to(t, server.Plain, nil).Send(context.WithoutCancel(t.Context()), m); !fault.Is(err, fault.Invalid) || fault.CodeOf(err) != "5.3.4" {
		t.Errorf("%v", err)
	}
}
