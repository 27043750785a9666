package zendesk_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/connectortest"
	"github.com/afterchat/afterchat/connectors/zendesk"
	"github.com/afterchat/afterchat/connectors/zendesk/zendesktest"
)

const (
	email = "bot@acme.example"
	token = "zd-secret-token-0815"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	connectortest.Run(t, func(t *testing.T) *connectortest.Harness {
		desk := newDesk(t, zendesktest.Options{})
		return &connectortest.Harness{
			Connector: desk.client,
			Tickets:   func(*testing.T) []connectortest.Ticket { return held(desk.server.Tickets()) },
			Break:     func(_ *testing.T, how connectortest.Breakage) { desk.breaker.Break(how) },
			CloseTicket: func(t *testing.T, id string) {
				if n, err := strconv.ParseInt(id, 10, 64); err != nil || !desk.server.Close(n) {
					t.Fatalf("there is no ticket %q to close", id)
				}
			},
			Secrets: []string{email, token},
		}
	})
}

// desk is a stand-in, what breaks it, and a client that is signed in to it.
type desk struct {
	server  *zendesktest.Server
	breaker *connectortest.Breaker
	client  *zendesk.Client
	url     string
}

func newDesk(t *testing.T, o zendesktest.Options) desk {
	t.Helper()
	o.Email, o.Token = email, token
	server := zendesktest.New(o)
	breaker := &connectortest.Breaker{Next: server}
	return desk{server: server, breaker: breaker}.behind(t, breaker)
}

// behind serves the desk by a handler and signs a client in.
func (d desk) behind(t *testing.T, handler http.Handler) desk {
	t.Helper()
	listening := httptest.NewServer(handler)
	t.Cleanup(listening.Close)
	client, err := zendesk.New(&zendesk.Settings{
		Common: connectors.Common{Type: zendesk.Type, BaseURL: listening.URL + "/"},
		Email:  email, Token: token,
	})
	if err != nil {
		t.Fatal(err)
	}
	d.client, d.url = client, listening.URL
	return d
}

// held turns what the stand-in holds into what the suite compares.
func held(tickets []zendesktest.Ticket) []connectortest.Ticket {
	all := make([]connectortest.Ticket, 0, len(tickets))
	for _, t := range tickets {
		h := connectortest.Ticket{
			ID: strconv.FormatInt(t.ID, 10), Subject: t.Subject, Body: t.Body, BodyPublic: &t.Public,
			RequesterName: t.RequesterName, RequesterEmail: t.RequesterEmail, Key: t.ExternalID, Files: names(t.Files),
		}
		for _, c := range t.Comments {
			h.Comments = append(h.Comments, connectortest.Comment{Body: c.Body, Public: c.Public, Files: names(c.Files)})
		}
		all = append(all, h)
	}
	return all
}

func names(files []zendesktest.File) []string {
	var all []string
	for _, file := range files {
		all = append(all, file.Name)
	}
	return all
}
