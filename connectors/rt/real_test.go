//go:build real

package rt_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/connectortest"
	"github.com/afterchat/afterchat/connectors/rt"
	"github.com/afterchat/afterchat/internal/testenv/rtserver"
)

func TestARealRT(t *testing.T) {
	t.Parallel()
	server := rtserver.Start(t)
	d := realDesk(server)
	t.Run("does what only RT does", func(t *testing.T) { testSpecifics(t, d) })
	t.Run("passes the suite", func(t *testing.T) {
		connectortest.Run(t, func(t *testing.T) *connectortest.Harness {
			h := d.harness(t)
			h.Secrets = []string{server.Password}
			return h
		})
	})
}

func realDesk(server *rtserver.Server) desk {
	return desk{
		client: func(t *testing.T, change func(*rt.Settings)) *rt.Client {
			return newClient(t, server.BaseURL, server.Password, change)
		},
		tickets: func(t *testing.T) []ticket { return realTickets(server.Tickets(t)) },
		seenBy: func(t *testing.T, email, id string) string {
			return server.SeenBy(t, email, id) + realMailed(t, server, email)
		},
		mailed:    func(t *testing.T, email, _ string) string { return realMailed(t, server, email) },
		setStatus: func(t *testing.T, id, status string) { server.SetStatus(t, id, status) },
	}
}

func realMailed(t *testing.T, server *rtserver.Server, email string) (all string) {
	t.Helper()
	for _, mail := range server.Mails(t) {
		if strings.Contains(mail.To, email) {
			all += mail.Subject + mail.Body
		}
	}
	return all
}

func realTickets(from []rtserver.Ticket) []ticket {
	var all []ticket
	for _, from := range from {
		one := ticket{
			id: from.ID, queue: from.Queue, subject: from.Subject, priority: strconv.Itoa(from.Priority),
			fields: from.Fields,
		}
		for _, uri := range from.RefersTo {
			// A ticket of its own RT writes as fsck.com-rt://organization/ticket/id.
			parts := strings.Split(uri, "/")
			if strings.HasPrefix(uri, "fsck.com-rt:") {
				uri = parts[len(parts)-1]
			}
			one.refersTo = append(one.refersTo, uri)
		}
		for _, p := range from.Requesters {
			one.requesters = append(one.requesters, connectors.Person{Name: p.Name, Email: p.Email})
		}
		for _, x := range from.Texts {
			one.texts = append(one.texts, text{x.Kind, x.Body, slices.Clone(x.Files)})
		}
		all = append(all, one)
	}
	return all
}
