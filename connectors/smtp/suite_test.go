package smtp_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/afterchat/afterchat/connectors/connectortest"
	"github.com/afterchat/afterchat/connectors/smtp"
	"github.com/afterchat/afterchat/connectors/smtp/smtptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSuite(t *testing.T) {
	t.Parallel()
	connectortest.Run(t, func(t *testing.T) *connectortest.Harness {
		server := serve(t, smtptest.Options{Username: "shop", Password: "pass-e7a1"})
		client := connect(t, server, func(s *smtp.Settings) { s.Username, s.Password = "shop", "pass-e7a1" })
		var recipients atomic.Int64
		return &connectortest.Harness{
			Connector: client,
			NotHTTP:   true,
			Sent:      func(t *testing.T) []connectortest.Message { return sent(t, server) },
			To: func(*testing.T) string {
				return fmt.Sprintf("recipient%d@customers.example", recipients.Add(1))
			},
			Break: func(_ *testing.T, how connectortest.Breakage) {
				server.Break(smtptest.Breakage{DropBefore: how.DropBefore, DropAfter: how.DropAfter})
			},
			Secrets: []string{"pass-e7a1"},
		}
	})
}

func sent(t *testing.T, server *smtptest.Server) []connectortest.Message {
	t.Helper()
	var out []connectortest.Message
	for _, m := range server.Messages() {
		content, err := m.Read()
		if err != nil {
			t.Fatalf("reading a mail: %v", err)
		}
		out = append(out, connectortest.Message{To: m.To, Subject: m.Subject, ID: m.MessageID, Body: content.Text})
	}
	return out
}

// serve starts a mail server for one test.
func serve(t testing.TB, o smtptest.Options) *smtptest.Server {
	t.Helper()
	server, err := smtptest.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("closing the mail server: %v", err)
		}
	})
	return server
}

// connect returns a client of the server, in the clear unless change says otherwise.
func connect(t testing.TB, server *smtptest.Server, change func(*smtp.Settings)) *smtp.Client {
	t.Helper()
	return to(t, server.Addr(), change)
}

// to returns a client of the server at an address, likewise.
func to(t testing.TB, address string, change func(*smtp.Settings)) *smtp.Client {
	t.Helper()
	settings := &smtp.Settings{From: "Acme Support <support@acme.example>", Address: address, TLS: smtp.TLSNone}
	if change != nil {
		change(settings)
	}
	client, err := smtp.New(settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}
