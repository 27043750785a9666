package smtp_test

import (
	"strings"
	"testing"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/smtp"
	"github.com/afterchat/afterchat/connectors/smtp/smtptest"
	"github.com/afterchat/afterchat/internal/fault"
)

func TestEachMailHasAReturnPathOfItsOwn(t *testing.T) {
	t.Parallel()
	const tag = "abcdefgh2345"
	for name, test := range map[string]struct{ path, tag, sender, mark string }{
		"with a tag":            {"bounces@acme.example", tag, "bounces+" + key + "." + tag + "@acme.example", key + "." + tag},
		"without a tag":         {"bounces@acme.example", "", "bounces+" + key + "@acme.example", key},
		"at another domain":     {"b@bücher.example", tag, "b+" + key + "." + tag + "@xn--bcher-kva.example", key + "." + tag},
		"nobody takes bounces":  {"", "", "support@acme.example", key},
		"only a tag in headers": {"", tag, "support@acme.example", key + "." + tag},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, smtptest.Options{})
			client := connect(t, server, func(s *smtp.Settings) { s.ReturnPath = test.path })
			m := outgoing(t)
			m.BounceTag = test.tag
			if _, err := client.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			got := server.Messages()[0]
			if got.From != test.sender {
				t.Errorf("the envelope's sender is %s, want %s", got.From, test.sender)
			}
			content, err := got.Read()
			if err != nil {
				t.Fatal(err)
			}
			if from := content.Header.Get("From"); from != "Acme Support <support@acme.example>" {
				t.Errorf("From is %s", from)
			}
			if id := content.Header.Get("Message-ID"); id != "<"+test.mark+"@acme.example>" {
				t.Errorf("Message-ID is %s, want the mark %s in it", id, test.mark)
			}
			for name := range content.Header {
				if strings.HasPrefix(name, "X-") {
					t.Errorf("the mail has %s", name)
				}
			}
		})
	}
}

func TestBadReturnPathsAreRefused(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("b", connectors.MaxReturnLocal) + "@acme.example"
	if _, err := smtp.New(&smtp.Settings{From: "support@acme.example", Address: "127.0.0.1:25", TLS: smtp.TLSNone, ReturnPath: longest}); err != nil {
		t.Errorf("the longest that there may be: %v", err)
	}
	for _, path := range []string{
		"bounces", "Bounces <bounces@acme.example>", "bücher@acme.example", `"two words"@acme.example`, "a@b@acme.example",
		strings.Repeat("b", connectors.MaxReturnLocal+1) + "@acme.example", strings.Repeat("b", 200) + "@acme.example",
	} {
		_, err := smtp.New(&smtp.Settings{From: "support@acme.example", Address: "127.0.0.1:25", TLS: smtp.TLSNone, ReturnPath: path})
		if !fault.Is(err, fault.Invalid) || fault.FieldOf(err) != "return_path" {
			t.Errorf("%q: %v", path, err)
		}
	}
}
