//go:build real

package rt_test

import (
	"strings"
	"testing"

	"github.com/afterchat/afterchat/connectors/connectortest"
	"github.com/afterchat/afterchat/connectors/rt"
	"github.com/afterchat/afterchat/internal/testenv/rtserver"
)

func TestARealRT(t *testing.T) {
	t.Parallel()
	server := rtserver.Start(t)
	t.Run("passes the suite", func(t *testing.T) {
		connectortest.Run(t, func(t *testing.T) *connectortest.Harness { return realHarness(t, server) })
	})
}

func realHarness(t *testing.T, server *rtserver.Server) *connectortest.Harness {
	t.Helper()
	settings := &rt.Settings{
		User: server.User, Password: secret(server.Password), Queue: server.Queue, TagsField: server.TagsField,
	}
	settings.BaseURL = server.BaseURL
	client, err := rt.New(settings)
	if err != nil {
		t.Fatal(err)
	}
	return &connectortest.Harness{
		Connector:   client,
		Tickets:     func(t *testing.T) []connectortest.Ticket { return realTickets(t, server) },
		CloseTicket: func(t *testing.T, id string) { server.SetStatus(t, id, "rejected") },
		Secrets:     []string{server.Password},
	}
}

// realTickets shows the tickets of the server as the suite wants to see them.
func realTickets(t *testing.T, server *rtserver.Server) []connectortest.Ticket {
	t.Helper()
	var all []connectortest.Ticket
	for _, from := range server.Tickets(t) {
		var texts []text
		for _, x := range from.Texts {
			texts = append(texts, text{x.Kind, x.Body, x.Files})
		}
		ticket := seen(from.ID, from.Subject, strings.Join(from.Fields[server.KeyField], " "), texts)
		for _, p := range from.Requesters {
			ticket.RequesterEmail, ticket.RequesterName = p.Email, p.Name
		}
		all = append(all, ticket)
	}
	return all
}
