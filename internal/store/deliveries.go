package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store/sqlc"
)

// Timeline is a delivery with every try at it, oldest first. To is the address or number
// that it goes to; empty where there is none, and where it is the user's and deliveries
// of many conversations are listed: it stands in each one's snapshot.
type Timeline struct {
	chat.Delivery
	To    string
	Tries []chat.Attempt
	seq   int64
}

// Deliveries returns a conversation's deliveries in the order in which they were
// planned, or NotFound if the conversation is not known.
func (s *Store) Deliveries(ctx context.Context, organization, conversation string) ([]Timeline, error) {
	if _, err := s.queries.Conversation(ctx, sqlc.ConversationParams{Organization: organization, ID: conversation}); err != nil {
		return nil, fmt.Errorf("reading the conversation: %w", away(err))
	}
	rows, err := s.queries.DeliveriesOfConversation(ctx, sqlc.DeliveriesOfConversationParams{Organization: organization, Conversation: conversation})
	if err != nil {
		return nil, fmt.Errorf("reading the deliveries: %w", away(err))
	}
	out, kept := make([]Timeline, 0, len(rows)), make([]sqlc.Delivery, 0, len(rows))
	for _, r := range rows {
		out = append(out, Timeline{Delivery: delivery(r.Delivery, r.ConversationID), seq: r.Delivery.Seq})
		kept = append(kept, r.Delivery)
	}
	if err := s.addRecipients(ctx, kept, out); err != nil {
		return nil, err
	}
	return out, s.complete(ctx, out)
}

// Delivery returns one delivery, or NotFound.
func (s *Store) Delivery(ctx context.Context, organization string, id chat.Key) (Timeline, error) {
	r, err := s.queries.Delivery(ctx, sqlc.DeliveryParams{Organization: organization, ID: id})
	if err != nil {
		return Timeline{}, fmt.Errorf("reading the delivery: %w", away(err))
	}
	one := []Timeline{{Delivery: delivery(r.Delivery, r.ConversationID)}}
	if err := s.addRecipients(ctx, []sqlc.Delivery{r.Delivery}, one); err != nil {
		return Timeline{}, err
	}
	err = s.complete(ctx, one)
	return one[0], err
}

// Filter chooses deliveries across conversations. Empty fields match all. After is the
// cursor of the page before, 0 for the first page; Most is the page's size.
type Filter struct {
	State  chat.State
	Action chat.Action
	After  int64
	Most   int
}

// ListDeliveries returns a page of deliveries, oldest first, and the next page's cursor,
// 0 at the end.
func (s *Store) ListDeliveries(ctx context.Context, organization string, f Filter) ([]Timeline, int64, error) {
	rows, err := s.queries.ListDeliveries(ctx, sqlc.ListDeliveriesParams{
		Organization: organization, After: f.After, State: string(f.State), Action: string(f.Action), Most: int32(f.Most),
	})
	if err != nil {
		return nil, 0, fmt.Errorf("listing deliveries: %w", away(err))
	}
	out := make([]Timeline, 0, len(rows))
	for _, r := range rows {
		d := delivery(r.Delivery, r.ConversationID)
		out = append(out, Timeline{Delivery: d, To: d.Params.To, seq: r.Delivery.Seq})
	}
	var next int64
	if len(out) == f.Most && f.Most > 0 {
		next = out[len(out)-1].seq
	}
	return out, next, s.complete(ctx, out)
}

// ShowRests says how the store learns for how long an account rests because the vendor
// asked for it. It is for whoever reads deliveries: what waits for such an account is not
// touched, and so does not say it itself. Call it before the store is used.
func (s *Store) ShowRests(rests func(context.Context, Account) time.Duration) { s.rests = rests }

// complete adds to deliveries what stands elsewhere: their tries, and the pause or the
// rest of an account, which holds all that is due there.
func (s *Store) complete(ctx context.Context, list []Timeline) error {
	if err := s.addTries(ctx, list); err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(d Timeline) bool { return d.State == chat.Pending && d.Hold == "" }) {
		return nil
	}
	pauses, err := s.Pauses(ctx)
	if err != nil {
		return err
	}
	for i, d := range list {
		if d.State != chat.Pending || d.Hold != "" {
			continue
		}
		at := Account{d.Organization, d.Target}
		hold, rest := chat.HeldByAccountPaused, pauses[at]
		if rest <= 0 && s.rests != nil {
			hold, rest = chat.HeldByRateLimit, s.rests(ctx, at)
		}
		if until := time.Now().Add(rest); rest > 0 && d.DueAt.Before(until) {
			list[i].Hold, list[i].DueAt = hold, until
		}
	}
	return nil
}

func (s *Store) addTries(ctx context.Context, list []Timeline) error {
	if len(list) == 0 {
		return nil
	}
	ids := make([]chat.Key, 0, len(list))
	at := make(map[chat.Key]int, len(list))
	for i, d := range list {
		ids = append(ids, d.ID)
		at[d.ID] = i
	}
	rows, err := s.queries.Attempts(ctx, ids)
	if err != nil {
		return fmt.Errorf("reading the attempts: %w", away(err))
	}
	for _, r := range rows {
		i := at[r.Delivery]
		list[i].Tries = append(list[i].Tries, chat.Attempt{At: r.At, Outcome: r.Outcome, Error: r.Error, Duration: millis(r.DurationMs)})
	}
	return nil
}

// RetryDelivery starts a finished delivery again: see chat.Delivery.Retry.
func (s *Store) RetryDelivery(ctx context.Context, organization string, id chat.Key, canLook, resend bool) error {
	return s.operate(ctx, organization, id, func(r *row) error {
		if err := r.Retry(r.now, canLook, resend); err != nil {
			return err
		}
		if r.Action == chat.AttachNotes || r.Action == chat.AmendTicket {
			if r.ticket == nil {
				r.AwaitTicket()
			}
		}
		return nil
	})
}

// CancelDelivery ends a pending delivery.
func (s *Store) CancelDelivery(ctx context.Context, organization string, id chat.Key) error {
	return s.operate(ctx, organization, id, func(r *row) error { return r.Cancel() })
}

// ResolveDelivery settles an unknown delivery by hand.
func (s *Store) ResolveDelivery(ctx context.Context, organization string, id chat.Key, to chat.State, ref chat.Ref) error {
	return s.operate(ctx, organization, id, func(r *row) error {
		if err := r.Resolve(to, ref); err != nil {
			return err
		}
		if r.Action == chat.FileTicket && to == chat.Delivered && (r.ticket == nil || r.ticket.ID == r.Params.FollowUp) {
			r.newTicket = &chat.TicketRef{Desk: r.Target, Ref: ref}
		}
		return nil
	})
}

// operate carries out an operator's step on a delivery of the organization.
func (s *Store) operate(ctx context.Context, organization string, id chat.Key, step func(*row) error) error {
	return s.ledger.do(ctx, id, func(r *row) (bool, error) {
		if r.Organization != organization {
			return false, fault.New(fault.NotFound, "not_found", "there is no such delivery")
		}
		err := step(r)
		return err == nil, err
	})
}
