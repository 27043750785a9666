package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/store/sqlc"
)

// PriorTickets is what one desk said of a user's earlier tickets when it was last asked.
type PriorTickets struct {
	Desk      string
	FetchedAt *time.Time // nil: never answered
	Tickets   []chat.PriorTicket
	Error     string
}

// PriorTickets returns what is cached for a conversation, by desk.
func (s *Store) PriorTickets(ctx context.Context, organization, conversation string) ([]PriorTickets, error) {
	c, err := s.queries.Conversation(ctx, sqlc.ConversationParams{Organization: organization, ID: conversation})
	if err != nil {
		return nil, fmt.Errorf("reading the conversation: %w", away(err))
	}
	rows, err := s.queries.PriorTickets(ctx, c.Conversation)
	if err != nil {
		return nil, fmt.Errorf("reading prior tickets: %w", away(err))
	}
	out := make([]PriorTickets, 0, len(rows))
	for _, r := range rows {
		p := PriorTickets{Desk: r.Desk, FetchedAt: r.FetchedAt, Error: r.Error}
		if err := json.Unmarshal([]byte(r.Tickets), &p.Tickets); err != nil {
			return nil, fmt.Errorf("reading stored prior tickets: %w", err)
		}
		out = append(out, p)
	}
	return out, nil
}

// SavePriorTickets caches a desk's answer. With an error, the tickets that were known
// stay.
func (s *Store) SavePriorTickets(ctx context.Context, organization, conversation string, p PriorTickets) error {
	return s.transact(ctx, "keeping prior tickets", func(q *sqlc.Queries) error {
		c, err := q.Conversation(ctx, sqlc.ConversationParams{Organization: organization, ID: conversation})
		if err != nil {
			return err
		}
		if p.Tickets == nil {
			p.Tickets = []chat.PriorTicket{}
		}
		return q.SavePriorTickets(ctx, sqlc.SavePriorTicketsParams{
			Conversation: c.Conversation, Desk: p.Desk, FetchedAt: p.FetchedAt, Tickets: encode(p.Tickets), Error: p.Error,
		})
	})
}
