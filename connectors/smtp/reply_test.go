package smtp_test

import (
	"strings"
	"testing"

	"github.com/afterchat/afterchat/connectors/smtp"
	"github.com/afterchat/afterchat/connectors/smtp/smtptest"
	"github.com/afterchat/afterchat/internal/fault"
)

func TestAnEnhancedCodeCountsWhereverItStands(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		command, answer string
		kind            fault.Kind
		code            string
	}{
		"alone":                          {"RCPT", "550 5.2.2", fault.Transient, "5.2.2"},
		"alone, and then a text":         {"RCPT", "550-5.2.2\r\n550 The mailbox is full", fault.Transient, "5.2.2"},
		"on the last line":               {"RCPT", "550-Not taken\r\n550 5.2.2 The mailbox is full", fault.Transient, "5.2.2"},
		"alone, of the account":          {".", "550 5.7.26", fault.Denied, "5.7.26"},
		"of another class than the code": {"RCPT", "550-Not taken\r\n550 2.0.0 fine", fault.Invalid, "550"},
		"in the middle of a line":        {"RCPT", "550 see 5.2.2 there", fault.Invalid, "550"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := script(t, map[string]string{test.command: test.answer}).client(t, nil).Send(t.Context(), outgoing(t))
			if !fault.Is(err, test.kind) || fault.CodeOf(err) != test.code {
				t.Errorf("%v, want %v with code %s", err, test.kind, test.code)
			}
		})
	}
}

// TestAReplyIsItsCode has a server that says no word more than it must (RFC 5321, 4.2:
// "any text, including no text at all, must be acceptable").
func TestAReplyIsItsCode(t *testing.T) {
	t.Parallel()
	server := script(t, map[string]string{
		"greeting": "220", "EHLO": "250", "MAIL": "250", "RCPT": "250-\r\n250", "DATA": "354", ".": "250", "RSET": "250", "NOOP": "250", "QUIT": "221",
		"RCPT TO:<refused@example.com>": "550",
	})
	client := server.client(t, nil)
	for range 2 {
		if _, err := client.Send(t.Context(), outgoing(t)); err != nil {
			t.Fatalf("a bare 250 is no yes: %v", err)
		}
	}
	m := outgoing(t)
	m.To = "refused@example.com"
	if _, err := client.Send(t.Context(), m); !fault.Is(err, fault.Invalid) || fault.CodeOf(err) != "550" {
		t.Errorf("a bare 550: %v", err)
	}
	if _, err := client.Send(t.Context(), outgoing(t)); err != nil {
		t.Errorf("after it: %v", err)
	}
}

// TestNamesOfExtensionsAreNotCaseSensitive is RFC 5321, 2.4.
func TestNamesOfExtensionsAreNotCaseSensitive(t *testing.T) {
	t.Parallel()
	t.Run("AUTH", func(t *testing.T) {
		t.Parallel()
		server := script(t, map[string]string{"EHLO": "250-scripted\r\n250 auth plain", "AUTH": "235 2.7.0 ok"})
		client := server.client(t, func(s *smtp.Settings) { s.Username, s.Password = "shop", "secret" })
		if _, err := client.Send(t.Context(), outgoing(t)); err != nil {
			t.Error(err)
		}
	})
	t.Run("SIZE", func(t *testing.T) {
		t.Parallel()
		server := script(t, map[string]string{"EHLO": "250-scripted\r\n250 Size 100"})
		if _, err := server.client(t, nil).Send(t.Context(), outgoing(t)); fault.CodeOf(err) != "5.3.4" {
			t.Errorf("%v, want 5.3.4", err)
		}
	})
	t.Run("STARTTLS", func(t *testing.T) {
		t.Parallel()
		server := script(t, map[string]string{"EHLO": "250-scripted\r\n250 StartTLS", "STARTTLS": "454 4.7.0 not now"})
		client := server.client(t, func(s *smtp.Settings) { s.TLS = smtp.TLSStart })
		if _, err := client.Send(t.Context(), outgoing(t)); fault.CodeOf(err) != "4.7.0" {
			t.Errorf("%v, want that STARTTLS was asked for", err)
		}
	})
}

func TestTheNameBeforeTLSIsTheNameInside(t *testing.T) {
	t.Parallel()
	server := script(t, map[string]string{"EHLO": "250-scripted\r\n250 STARTTLS", "STARTTLS": "454 4.7.0 not now"})
	_, _ = server.client(t, func(s *smtp.Settings) { s.TLS, s.Helo = smtp.TLSStart, "shop.acme.example" }).Send(t.Context(), outgoing(t))
	if heard := strings.Join(server.heard(), "|"); !strings.HasPrefix(heard, "EHLO shop.acme.example|STARTTLS") {
		t.Error(heard)
	}
	sent := serve(t, smtptest.Options{StartTLS: true})
	client := connect(t, sent, func(s *smtp.Settings) { s.TLS, s.CAFile = smtp.TLSStart, authority(t, sent) })
	for range 2 {
		if _, err := client.Send(t.Context(), outgoing(t)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAReplyHasAnEnd(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]fault.Kind{"greeting": fault.Transient, "EHLO": fault.Transient, "RCPT": fault.Transient, ".": fault.Ambiguous} {
		code := map[string]string{"greeting": "220"}[command]
		if code == "" {
			code = "250"
		}
		for name, answer := range map[string]string{
			"many lines": strings.Repeat(code+"-and so on\r\n", 10_000) + code + " and so forth",
			"and many more, which are heard for each command": strings.Repeat(code+"-and so on\r\n", 500) + code + " and so forth",
		} {
			client := script(t, map[string]string{command: answer}).client(t, nil)
			for range 10 {
				_, err := client.Send(t.Context(), outgoing(t))
				if long := name == "many lines"; long && !fault.Is(err, want) || !long && err != nil {
					t.Fatalf("%s, %s: %v", command, name, err)
				}
			}
		}
	}
}
