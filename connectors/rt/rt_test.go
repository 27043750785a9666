package rt_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/connectors/connectortest"
	"github.com/afterchat/afterchat/connectors/rt"
	"github.com/afterchat/afterchat/connectors/rt/rttest"
)

const password = "correct horse battery staple"

func TestTheStandInPassesTheSuite(t *testing.T) {
	t.Parallel()
	connectortest.Run(t, func(t *testing.T) *connectortest.Harness {
		s := standIn(t, rttest.Options{Password: password, Fields: []string{"Labels"}})
		return &connectortest.Harness{
			Connector:   s.client(t, func(settings *rt.Settings) { settings.TagsField = "Labels" }),
			Tickets:     func(*testing.T) []connectortest.Ticket { return s.seen() },
			Break:       func(_ *testing.T, how connectortest.Breakage) { s.breaker.Break(how) },
			CloseTicket: func(_ *testing.T, id string) { s.rt.SetStatus(id, "rejected") },
			Secrets:     []string{password},
		}
	})
}

// server is a stand-in that listens.
type server struct {
	rt      *rttest.Server
	breaker *connectortest.Breaker
	url     string
}

func standIn(t *testing.T, o rttest.Options) *server {
	t.Helper()
	s := &server{rt: rttest.New(o)}
	s.breaker = &connectortest.Breaker{Next: s.rt}
	listener := httptest.NewServer(s.breaker)
	t.Cleanup(listener.Close)
	s.url = listener.URL
	return s
}

// client returns a client with settings that change may change.
func (s *server) client(t *testing.T, change func(*rt.Settings)) *rt.Client {
	t.Helper()
	settings := &rt.Settings{User: "afterchat", Password: secret(password), Queue: "General"}
	settings.BaseURL = s.url
	if change != nil {
		change(settings)
	}
	client, err := rt.New(settings)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func (s *server) seen() []connectortest.Ticket {
	var all []connectortest.Ticket
	for _, from := range s.rt.Tickets() {
		var texts []text
		for _, x := range from.Texts {
			texts = append(texts, text{x.Kind, x.Body, x.Files})
		}
		ticket := seen(from.ID, from.Subject, strings.Join(from.Fields["AfterchatKey"], " "), texts)
		for _, p := range from.Requesters {
			ticket.RequesterEmail, ticket.RequesterName = p.Email, p.Name
		}
		all = append(all, ticket)
	}
	return all
}
