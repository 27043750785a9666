package twilio_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/afterchat/afterchat/connectors/connectortest"
	"github.com/afterchat/afterchat/connectors/twilio"
	"github.com/afterchat/afterchat/connectors/twilio/twiliotest"
)

const (
	sid   = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	token = "7f3d0c61e2b94a588b1d2c3e4f506172"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSuite(t *testing.T) {
	t.Parallel()
	connectortest.Run(t, func(t *testing.T) *connectortest.Harness {
		standIn := twiliotest.New(twiliotest.Options{AccountSID: sid, AuthToken: token})
		breaker := &connectortest.Breaker{Next: standIn}
		var numbers atomic.Int64
		return &connectortest.Harness{
			Connector: connect(t, breaker, nil),
			Sent: func(*testing.T) []connectortest.Message {
				var out []connectortest.Message
				for _, m := range standIn.Messages() {
					out = append(out, connectortest.Message{To: m.To, Body: m.Body, ID: m.SID})
				}
				return out
			},
			To:      func(*testing.T) string { return fmt.Sprintf("+46701234%03d", numbers.Add(1)) },
			Break:   func(_ *testing.T, how connectortest.Breakage) { breaker.Break(how) },
			Secrets: []string{token},
		}
	})
}

// connect serves the handler and returns a client of it.
func connect(t testing.TB, handler http.Handler, change func(*twilio.Settings)) *twilio.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	settings := &twilio.Settings{AccountSID: sid, AuthToken: token, From: "+15005550006", Countries: []string{"SE", "US"}}
	settings.BaseURL = server.URL
	if change != nil {
		change(settings)
	}
	client, err := twilio.New(settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}
