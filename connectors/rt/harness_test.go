package rt_test

import (
	"strings"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/connectortest"
)

// text is what was written into a ticket: Kind is RT's type of the transaction.
type text struct {
	kind, body string
	files      []string
}

// seen shows a ticket as the suite wants to see it. A pending one has no key yet, and
// the body of one with an internal body is the private comment that bears its key.
func seen(id, subject, keyField string, texts []text) connectortest.Ticket {
	ticket := connectortest.Ticket{ID: id, Subject: subject}
	if !strings.HasPrefix(keyField, "pending:") {
		ticket.Key = keyField
	}
	for _, x := range texts {
		public := x.kind != "Comment"
		switch {
		case x.kind == "Create" || keyField != "" && strings.Contains(x.body, "afterchat:"+ticket.Key):
			ticket.Body, ticket.Files, ticket.BodyPublic = x.body, x.files, &public
		default:
			ticket.Comments = append(ticket.Comments, connectortest.Comment{Body: x.body, Public: public, Files: x.files})
		}
	}
	return ticket
}

func secret(s string) connectors.Secret { return connectors.Secret(s) }
