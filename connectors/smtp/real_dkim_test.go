//go:build real

package smtp_test

import (
	"bytes"
	"crypto"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/smtp"
	"github.com/afterchat/afterchat/internal/testenv/mailserver"
)

// realSignatures sends signed mails of every shape through Postfix: OpenDKIM confirms
// them on the way, and what lies in the mailbox still verifies.
func realSignatures(t *testing.T, server *mailserver.Server) {
	rsaKey, edKey := newRSA(t, 2048), newEd25519(t)
	server.PublishKey(t, "r1", "signed.example", rsaKey.Public())
	server.PublishKey(t, "e1", "signed.example", edKey.Public())
	client := to(t, server.Plain, func(s *smtp.Settings) {
		s.From = "Acme Support <support@signed.example>"
		s.DKIM = []connectors.DKIMKey{
			{Domain: "signed.example", Selector: "e1", Key: pkcs8(t, edKey)},
			{Domain: "signed.example", Selector: "r1", Key: pkcs1(rsaKey)},
		}
	})
	for name, change := range map[string]func(*connectors.Outgoing){
		"text":                 func(*connectors.Outgoing) {},
		"text that ends oddly": func(m *connectors.Outgoing) { m.Text = ".\n..\n.dots \t \n\nFrom here \n\n\n" },
		"one very long line":   func(m *connectors.Outgoing) { m.Text = strings.Repeat("It smells of smoke 🔥 ", 2000) },
		"HTML":                 func(m *connectors.Outgoing) { m.HTML = "<p>Det ryker 🔥</p>" },
		"a file": func(m *connectors.Outgoing) {
			m.Files = []connectors.File{{Name: "brühe.pdf", Content: make([]byte, 90_000)}}
		},
		"names of every script": func(m *connectors.Outgoing) {
			m.ToName, m.Subject = "Lee, \"Ann\" 🙂", strings.Repeat("Kaffe ☕, ", 60)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mail := sendReal(t, server, client, change)
			if verdict := verdict(mail); strings.Count(verdict, "dkim=pass") != 2 || strings.Contains(verdict, "dkim=fail") {
				t.Errorf("OpenDKIM says: %s", verdict)
			}
			crlf := bytes.ReplaceAll(mail.Raw, []byte("\n"), []byte("\r\n"))
			verified := verify(t, crlf, map[string]crypto.Signer{"r1._domainkey.signed.example": rsaKey, "e1._domainkey.signed.example": edKey})
			for _, v := range verified {
				if v.Err != nil {
					t.Errorf("in the mailbox the signature no longer verifies: %v", v.Err)
				}
			}
			if len(verified) != 2 {
				t.Errorf("%d signatures arrived, want 2", len(verified))
			}
		})
	}
	t.Run("by a key that is not the published one", func(t *testing.T) {
		t.Parallel()
		client := to(t, server.Plain, func(s *smtp.Settings) {
			s.From, s.DKIM = "support@signed.example", one("signed.example", "r1", pkcs1(newRSA(t, 2048)))
		})
		if verdict := verdict(sendReal(t, server, client, nil)); !strings.Contains(verdict, "dkim=fail") {
			t.Errorf("OpenDKIM says: %s", verdict)
		}
	})
}

// sendReal sends a mail to a new recipient and returns it as it arrived.
func sendReal(t *testing.T, server *mailserver.Server, client *smtp.Client, change func(*connectors.Outgoing)) mailserver.Mail {
	t.Helper()
	m := mailTo(t, newRecipient(t))
	if change != nil {
		change(&m)
	}
	if _, err := client.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	mails := server.Mails(t, m.To)
	if len(mails) != 1 {
		t.Fatalf("%d mails arrived, want 1", len(mails))
	}
	return mails[0]
}

func verdict(m mailserver.Mail) string {
	return strings.Join(m.GetHeaderValues("Authentication-Results"), "\n")
}
