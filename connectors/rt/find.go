package rt

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/afterchat/afterchat/connectors/rest"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

// FindTicket finds a ticket by its key field. One that still lacks its internal body is
// not found: CreateTicket completes it.
func (c *Client) FindTicket(ctx context.Context, key chat.Key) (chat.Ref, error) {
	found, err := c.search(ctx, key)
	switch {
	case err != nil:
		return chat.Ref{}, err
	case found.ref.ID == "":
		return chat.Ref{}, fault.New(fault.NotFound, "no_ticket", "no ticket has this key")
	case found.whole:
		return found.ref, nil
	}
	// The body may be there although the key field was not changed with it.
	if _, err := c.FindComment(ctx, found.ref, key); err != nil {
		return chat.Ref{}, err
	}
	return found.ref, nil
}

// begun is what is there of a ticket: nothing, a part, or the whole.
type begun struct {
	ref   chat.Ref
	whole bool
}

// search looks for a key, pending or not. A whole ticket is preferred, then the oldest.
func (c *Client) search(ctx context.Context, key chat.Key) (begun, error) {
	field := "CF.{" + c.settings.KeyField + "}"
	whole, part := key.String(), pending+key.String()
	tickets, err := c.tickets(ctx, "finding a ticket", url.Values{
		"query":   {field + " = " + quoted(whole) + " OR " + field + " = " + quoted(part)},
		"orderby": {"id"},
		"fields":  {"CustomFields"},
	})
	if err != nil {
		return begun{}, err
	}
	var first begun
	for _, t := range tickets {
		for _, f := range t.CustomFields {
			if !strings.EqualFold(f.Name, c.settings.KeyField) || !isNumber(string(t.ID)) {
				continue
			}
			for _, value := range f.Values {
				switch {
				case value == whole:
					return begun{c.ref(string(t.ID)), true}, nil
				case value == part && first.ref.ID == "":
					first.ref = c.ref(string(t.ID))
				}
			}
		}
	}
	return first, nil
}

// tickets returns one page of a search.
func (c *Client) tickets(ctx context.Context, op string, query url.Values) ([]foundTicket, error) {
	var found page[foundTicket]
	_, err := c.rest.Do(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/tickets", Query: query, Into: &found})
	return found.Items, err
}

// quoted returns s as a string of TicketSQL, in which a backslash takes the meaning from
// the character after it (RT::SQL). Callers see to it that s has no control characters.
func quoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}
