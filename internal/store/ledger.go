package store

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store/sqlc"
)

// ledger commits moves of many deliveries together.
type ledger struct {
	store *Store
	moves *batcher[*move]
}

// move is one caller's wish. step sees the locked row, changes its delivery and reports
// whether there is something to save; err is what came of it.
type move struct {
	id   chat.Key
	step func(*row) (save bool, err error)
	// within is true for a step that is taken under its conversation's lock.
	within bool
	err    error
}

// row is a delivery as it stands locked in the transaction.
type row struct {
	chat.Delivery
	conversation  int64
	ticket        *chat.TicketRef
	ticketBy      chat.Key
	ticketAwaited bool
	newTicket     *chat.TicketRef // to become the conversation's
	followUp      bool            // a ticket that follows the conversation's is to be planned
	gone          bool            // because that is not there any more
	now           time.Time
	// contacts is how many the conversation has. It, hasSuppressions and hasMails spare
	// whoever asks for none a query.
	contacts                  int
	hasSuppressions, hasMails bool

	before   chat.State
	save     bool
	attempts []sqlc.Attempt
}

func newLedger(s *Store) *ledger {
	l := &ledger{store: s}
	l.moves = newBatcher(l.run)
	return l
}

func (l *ledger) close() { l.moves.close() }

// do carries out one move and returns once it is committed.
func (l *ledger) do(ctx context.Context, id chat.Key, step func(*row) (bool, error)) error {
	return l.move(ctx, &move{id: id, step: step})
}

func (l *ledger) move(ctx context.Context, m *move) error {
	if err := l.moves.do(ctx, m); err != nil {
		return err
	}
	return m.err
}

// run carries out a batch in one transaction.
func (l *ledger) run(ctx context.Context, batch []*move) error {
	return l.store.transactAs(ctx, moving(), "moving deliveries", func(q *sqlc.Queries) error {
		ids := make([]chat.Key, 0, len(batch))
		within := []chat.Key{} // an empty list, not null
		for _, m := range batch {
			ids = append(ids, m.id)
			if m.within {
				within = append(within, m.id)
			}
		}
		rows, err := lock(ctx, q, ids, within...)
		if err != nil {
			return err
		}
		for _, m := range batch {
			r, ok := rows[m.id]
			if !ok {
				m.err = fault.New(fault.NotFound, "not_found", "there is no such delivery")
				continue
			}
			var save bool
			save, m.err = m.step(r)
			r.save = r.save || save
		}
		return save(ctx, q, rows)
	})
}

// lock loads and locks deliveries, the conversations of tickets and of those within first.
func lock(ctx context.Context, q *sqlc.Queries, ids []chat.Key, within ...chat.Key) (map[chat.Key]*row, error) {
	if err := q.LockConversations(ctx, sqlc.LockConversationsParams{Ids: ids, Others: within}); err != nil {
		return nil, err
	}
	found, err := q.LockDeliveries(ctx, ids)
	if err != nil {
		return nil, err
	}
	rows := make(map[chat.Key]*row, len(found))
	for _, f := range found {
		d := delivery(f.Delivery, f.ConversationID)
		rows[d.ID] = &row{
			Delivery: d, conversation: f.Delivery.Conversation, before: d.State, now: f.Now, ticketAwaited: f.TicketAwaited,
			contacts: int(f.Contacts), hasSuppressions: f.HasSuppressions, hasMails: f.HasMails,
			ticket: ticketRef(f.TicketDesk, f.TicketID, f.TicketUrl), ticketBy: value(f.TicketBy),
		}
	}
	return rows, nil
}

// save writes what changed, and carries a ticket's fate on to what waits for it.
func save(ctx context.Context, q *sqlc.Queries, rows map[chat.Key]*row) error {
	if err := planFollowUps(ctx, q, rows); err != nil {
		return err
	}
	if err := write(ctx, q, rows); err != nil {
		return err
	}
	fates, follows := map[chat.Key]chat.State{}, map[int64]chat.State{}
	var ids []chat.Key
	var conversations []int64
	for id, r := range rows {
		if r.Action == chat.FileTicket && r.State.Final() && r.State != r.before {
			fates[id] = r.State
			ids = append(ids, id)
			conversations = append(conversations, r.conversation)
			if r.State == chat.Delivered || r.Params.FollowUp != "" && follows[r.conversation] != chat.Delivered {
				follows[r.conversation] = r.State
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	waiting, err := q.LockDependents(ctx, sqlc.LockDependentsParams{Ids: ids, Conversations: conversations})
	if err != nil || len(waiting) == 0 {
		return err
	}
	dependents := make(map[chat.Key]*row, len(waiting))
	for _, w := range waiting {
		r := &row{Delivery: delivery(w.Delivery, w.ConversationID), now: w.Now}
		if r.LostTicket() {
			r.save = followLost(&r.Delivery, follows[w.Delivery.Conversation], r.now)
		} else {
			r.save = follow(&r.Delivery, fates[r.DependsOn], r.now)
		}
		dependents[r.ID] = r
	}
	return write(ctx, q, dependents)
}

// follow moves a delivery as its ticket went. A later file_ticket, which depends on no
// single delivery, gets its turn.
func follow(d *chat.Delivery, ticket chat.State, now time.Time) bool {
	switch ticket {
	case chat.Delivered:
		d.Revive(now)
	case chat.Failed, chat.Cancelled, chat.Suppressed:
		d.TicketFailed(now)
	case chat.Unknown:
		return false // it may still turn out to be there
	default:
		d.Release(now)
	}
	return true
}

// write saves the rows that changed, in the order of their ids.
func write(ctx context.Context, q *sqlc.Queries, rows map[chat.Key]*row) error {
	var p sqlc.MoveDeliveriesParams
	for _, id := range sortedKeys(rows) {
		r := rows[id]
		appendAttempts(&p, r.attempts)
		if r.save {
			appendDelivery(&p, r.Delivery)
		}
		if r.newTicket != nil {
			appendTicket(&p, r)
		}
	}
	if len(p.Ids)+len(p.Tried)+len(p.Conversations) == 0 {
		return nil
	}
	return q.MoveDeliveries(ctx, p)
}

func sortedKeys(rows map[chat.Key]*row) []chat.Key {
	return slices.SortedFunc(maps.Keys(rows), func(a, b chat.Key) int { return slices.Compare(a[:], b[:]) })
}
