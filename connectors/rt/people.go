package rt

import (
	"context"
	"net/http"
	"net/mail"
	"net/url"
	"strings"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/rest"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

// maxPerson is the width of RT's columns for a person's name and address, in bytes.
const maxPerson = 120

// SetRequester makes the person the ticket's only requester; RT creates a user for an
// address that it does not know. It answers 200 also when it refuses, so the ticket is
// read afterwards.
func (c *Client) SetRequester(ctx context.Context, ticket chat.Ref, p connectors.Person) error {
	who := requestor(p)
	switch {
	case !isNumber(ticket.ID):
		return fault.New(fault.NotFound, "no_ticket", "this is not the id of a ticket in RT")
	case who == "":
		return fault.New(fault.Invalid, "bad_address", "is missing, or not one that RT can take").At("email")
	}
	_, err := c.rest.Do(ctx, rest.Call{
		Op: "setting the requester", Method: http.MethodPut, Path: "/ticket/" + ticket.ID,
		Body: map[string]string{"Requestor": who},
	})
	if err != nil {
		return err
	}
	tickets, err := c.tickets(ctx, "reading the requester", url.Values{
		"query": {"id = " + ticket.ID}, "fields": {"Requestor"}, "fields[Requestor]": {"EmailAddress"},
	})
	switch {
	case err != nil:
		return err
	case len(tickets) == 0:
		return fault.New(fault.Conflict, "ticket_closed", "the ticket is deleted, or merged into another")
	case !tickets[0].from(p.Email):
		return fault.New(fault.Invalid, "requester_refused", "RT did not take the requester")
	}
	return nil
}

// requestor writes a person as RT reads them, or "" if their address is not one that
// RT would read as it is: RT reads a list, takes a word without @ for the name of a
// user, and cuts what is too long.
func requestor(p connectors.Person) string {
	if !plainAddress(p.Email) {
		return ""
	}
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`"\<>`, r) {
			return -1
		}
		return r
	}, oneLine(p.Name, maxPerson))
	if name = strings.TrimSpace(name); name == "" {
		return p.Email
	}
	return `"` + name + `" <` + p.Email + ">"
}

// plainAddress reports whether s is an address without anything that is special in a
// list of addresses, a search or a query.
func plainAddress(s string) bool {
	if len(s) > maxPerson || strings.ContainsAny(s, " \t\r\n\"(),:;<>[]\\") {
		return false
	}
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}

// priorityNumber maps a priority to RT's numbers, of which RT shows 0 as "Low", 50 as
// "Medium" and 100 as "High" unless %PriorityAsString was changed. An empty one is left
// to the queue.
func priorityNumber(word string) string {
	switch word {
	case "low":
		return "10"
	case "normal":
		return "50"
	case "high":
		return "75"
	case "urgent":
		return "100"
	}
	return ""
}
