package connectortest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/connectors"
)

// effect is one thing that a connector can do to the other side, ready to be done, so
// that the tests of failures are written once for all of them.
type effect struct {
	do func(context.Context) error
	// find looks for it by its key; nil where the connector cannot.
	find func(context.Context) error
	// there counts how often the other side holds it.
	there func(*testing.T) int
	// named says that the answer has to name what was made.
	named bool
	// words are what no error about it may hold.
	words   []string
	promise connectors.Promise
}

// effects returns what the connector can do, by name; each call of a maker makes a new
// effect.
func effects(h *Harness) map[string]func(*testing.T, *Harness) effect {
	all := make(map[string]func(*testing.T, *Harness) effect)
	_, tickets := h.Connector.(connectors.Ticketer)
	if tickets {
		all["creating a ticket"] = creating
	}
	if _, ok := h.Connector.(connectors.Commenter); ok && tickets {
		all["adding a comment"] = adding
	}
	if _, ok := h.Connector.(connectors.Amender); ok && tickets {
		all["setting the requester"] = amending
	}
	if _, ok := h.Connector.(connectors.Sender); ok {
		all["sending a message"] = sending
	}
	return all
}

func creating(_ *testing.T, h *Harness) effect {
	ticket := newTicket()
	return effect{
		do: func(ctx context.Context) error {
			_, err := ticketer(h).CreateTicket(ctx, ticket)
			return err
		},
		find: func(ctx context.Context) error {
			_, err := ticketer(h).FindTicket(ctx, ticket.Key)
			return err
		},
		there:   func(t *testing.T) int { return len(ticketsWith(t, h, ticket.Key)) },
		named:   true,
		words:   ticketWords(ticket),
		promise: h.Connector.Traits().Create,
	}
}

func adding(t *testing.T, h *Harness) effect {
	ref, c := create(t, h, newTicket()), newComment(false)
	return effect{
		do: func(ctx context.Context) error {
			_, err := commenter(h).AddComment(ctx, ref, c)
			return err
		},
		find: func(ctx context.Context) error {
			_, err := commenter(h).FindComment(ctx, ref, c.Key)
			return err
		},
		there:   func(t *testing.T) int { return len(commentsWith(t, h, ref, c.Body)) },
		words:   []string{c.Body},
		promise: h.Connector.Traits().Comment,
	}
}

func amending(t *testing.T, h *Harness) effect {
	ref, person := create(t, h, newTicket()), newPerson()
	return effect{
		do: func(ctx context.Context) error { return amender(h).SetRequester(ctx, ref, person) },
		there: func(t *testing.T) int {
			if strings.EqualFold(ticketByID(t, h, ref.ID).RequesterEmail, person.Email) {
				return 1
			}
			return 0
		},
		words: personWords(person),
		// It may be repeated for ever.
		promise: connectors.Idempotent(time.Hour, 0),
	}
}

func sending(t *testing.T, h *Harness) effect {
	m := newMessage(t, h)
	e := effect{
		do: func(ctx context.Context) error {
			_, err := sender(h).Send(ctx, m)
			return err
		},
		there:   func(t *testing.T) int { return len(messagesWith(t, h, m)) },
		named:   true,
		words:   messageWords(m),
		promise: h.Connector.Traits().Send,
	}
	if finder, ok := h.Connector.(connectors.SentFinder); ok {
		e.find = func(ctx context.Context) error {
			_, err := finder.FindSent(ctx, m)
			return err
		}
	}
	return e
}
