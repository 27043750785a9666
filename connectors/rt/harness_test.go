package rt_test

import (
	"strings"
	"testing"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/connectortest"
	"github.com/afterchat/afterchat/connectors/rt"
)

// desk is an RT, the stand-in or a real one, for the tests of what only RT does.
type desk struct {
	// client returns a client with settings that change, if not nil, may change.
	client  func(t *testing.T, change func(*rt.Settings)) *rt.Client
	tickets func(t *testing.T) []ticket
	// seenBy returns what the requester of a ticket is mailed or shown, as one text.
	seenBy func(t *testing.T, email, id string) string
	// mailed returns what the requester of a ticket was mailed when it was created.
	mailed    func(t *testing.T, email, id string) string
	setStatus func(t *testing.T, id, status string)
}

// The queues and the custom field that every desk has beside the usual.
const (
	otherQueue = "Coffee"
	bareQueue  = "Bare" // without the field for the key
	tagsField  = "Labels"
)

// ticket is a ticket as either desk holds it.
type ticket struct {
	id, queue, subject, priority string
	fields                       map[string][]string
	refersTo                     []string
	requesters                   []connectors.Person
	texts                        []text
}

func (t ticket) keyField() string { return strings.Join(t.fields["AfterchatKey"], " ") }

// text is what was written into a ticket: Kind is RT's type of the transaction.
type text struct {
	kind, body string
	files      []string
}

// harness shows a desk as the suite wants to see it.
func (d desk) harness(t *testing.T) *connectortest.Harness {
	t.Helper()
	return &connectortest.Harness{
		Connector: d.client(t, func(s *rt.Settings) { s.TagsField = tagsField }),
		Tickets: func(t *testing.T) []connectortest.Ticket {
			var all []connectortest.Ticket
			for _, one := range d.tickets(t) {
				all = append(all, one.forSuite())
			}
			return all
		},
		CloseTicket: func(t *testing.T, id string) { d.setStatus(t, id, "rejected") },
	}
}

// forSuite: a pending ticket has no key yet, and the body of one with an internal body
// is the private comment that bears its key.
func (t ticket) forSuite() connectortest.Ticket {
	out := connectortest.Ticket{ID: t.id, Subject: t.subject}
	if !strings.HasPrefix(t.keyField(), "pending:") {
		out.Key = t.keyField()
	}
	for _, p := range t.requesters {
		out.RequesterEmail, out.RequesterName = p.Email, p.Name
	}
	for _, x := range t.texts {
		public := x.kind != "Comment"
		switch {
		case x.kind == "Create" || out.Key != "" && strings.Contains(x.body, "afterchat:"+out.Key):
			out.Body, out.Files, out.BodyPublic = x.body, x.files, &public
		default:
			out.Comments = append(out.Comments, connectortest.Comment{Body: x.body, Public: public, Files: x.files})
		}
	}
	return out
}
