package store

import (
	"context"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store/sqlc"
)

// Claimed is a delivery that this process may call now, and what the call needs.
type Claimed struct {
	chat.Delivery
	// Ticket is the conversation's ticket, nil if it has none; OwnTicket is true when
	// this delivery made it.
	Ticket    *chat.TicketRef
	OwnTicket bool
	// SinceLastCall is how long ago, by the database's clock, the call before this one was
	// over at the latest, and SinceFirstCall how long ago the first one began; 0 if there
	// was none.
	SinceLastCall, SinceFirstCall time.Duration
	// Deadline is when the lease ends, on this process's clock, read before the claim.
	Deadline time.Time

	conversation              int64
	contacts                  int
	hasSuppressions, hasMails bool
	room                      func() // gives back what Frozen took
}

// Done says that the delivery's snapshot is not needed any more.
func (c *Claimed) Done() {
	if c.room != nil {
		c.room()
		c.room = nil
	}
}

// Claim asks for a delivery. It returns nil when there is nothing to do now: finished,
// not due, being called by another, or moved aside because of what the claim says.
func (s *Store) Claim(ctx context.Context, id chat.Key, configured bool, identity string) (*Claimed, error) {
	asked := time.Now()
	var claimed *Claimed
	err := s.ledger.do(ctx, id, func(r *row) (bool, error) {
		claimed = nil
		before := r.Delivery
		granted := r.Claim(chat.Claim{Now: r.now, Terms: s.terms, Configured: configured, Identity: identity, TicketAwaited: r.ticketAwaited})
		if before.State == chat.Calling && r.LookFirst && (granted || r.State != chat.Calling) {
			r.attempts = append(r.attempts, sqlc.Attempt{Delivery: id, Fence: before.Fence, At: before.LastCallAt, Outcome: "interrupted"})
		}
		if granted {
			claimed = &Claimed{
				Delivery: r.Delivery, Ticket: r.ticket, OwnTicket: r.ticketBy == id,
				Deadline: asked.Add(s.terms.Lease), conversation: r.conversation,
				contacts: r.contacts, hasSuppressions: r.hasSuppressions, hasMails: r.hasMails,
			}
			if !before.LastCallAt.IsZero() {
				claimed.SinceLastCall = r.now.Sub(before.LastCallOver())
				claimed.SinceFirstCall = r.now.Sub(before.FirstCallAt)
			}
		}
		return granted || r.State != chat.Calling && !before.State.Final(), nil
	})
	return claimed, err
}

// Extend prolongs a claim, and returns its new deadline on this process's clock; zero
// when the claim is lost.
func (s *Store) Extend(ctx context.Context, c *Claimed) (deadline time.Time, err error) {
	asked := time.Now()
	err = s.ledger.do(ctx, c.ID, func(r *row) (bool, error) {
		deadline = time.Time{}
		if !r.Extend(c.Fence, r.now, s.terms) {
			return false, nil
		}
		deadline = asked.Add(s.terms.Lease)
		return true, nil
	})
	return deadline, err
}

// Outcome is what came of a claimed call. Ticket is the ticket that was made or found
// by this delivery, nil for everything else; Replaces is true when it takes the place
// of one that is gone or closed for good.
type Outcome struct {
	chat.Result
	Ticket   *chat.TicketRef
	Replaces bool
	// Closed is true when the conversation's ticket takes nothing more: it is closed for
	// good, or, as Gone says, not there any more.
	Closed, Gone bool
	// Uncalled is true when there was no call after all, and so no attempt.
	Uncalled bool
	Began    time.Time
	Took     time.Duration
}

// Record takes in what came of a call. Now, Terms and Fence of the result are filled in
// here. A result that came too late is kept as evidence. A transcript that gives up for
// want of an address goes again if contact data came since its claim; what finds its ticket
// closed waits for the ticket that follows.
func (s *Store) Record(ctx context.Context, c *Claimed, o Outcome) error {
	return s.ledger.move(ctx, &move{id: c.ID, within: o.End == chat.Suppressed || o.Closed, step: func(r *row) (bool, error) {
		result := o.Result
		result.Now, result.Terms, result.Fence = r.now, s.terms, c.Fence
		before := r.State
		inTime := r.Record(result)
		attempt := sqlc.Attempt{
			Delivery: c.ID, Fence: c.Fence, At: r.now.Add(-o.Took), Outcome: outcomeOf(result), RefID: o.Ref.ID, DurationMs: o.Took.Milliseconds(),
		}
		if result.Err != nil {
			attempt.Error = fault.CodeOf(result.Err)
		}
		if !inTime {
			attempt.Outcome += " (late)"
		}
		if !o.Uncalled {
			r.attempts = append(r.attempts, attempt)
		}
		if inTime && o.Closed {
			r.loseTicket(c.Ticket, o.Gone)
		}
		if inTime && r.contacts > c.contacts {
			r.AddressCame(r.now)
		}
		if o.Ticket != nil && result.Err == nil && r.State == chat.Delivered && before != chat.Delivered && (r.ticket == nil || o.Replaces) {
			r.newTicket = o.Ticket
		}
		return inTime || r.State != before, nil
	}})
}

// Postpone puts a pending delivery off, without an attempt.
func (s *Store) Postpone(ctx context.Context, id chat.Key, hold chat.Hold, wait time.Duration) error {
	return s.ledger.do(ctx, id, func(r *row) (bool, error) {
		r.Postpone(r.now, hold, r.now.Add(wait))
		return r.State == chat.Pending, nil
	})
}

func outcomeOf(r chat.Result) string {
	switch {
	case r.Err == nil:
		return "delivered"
	case r.End != "":
		return string(r.End)
	}
	return fault.KindOf(r.Err).String()
}
