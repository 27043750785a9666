package store

import (
	"context"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store/sqlc"
)

// Bounce is what became of a mail after it was sent.
type Bounce struct {
	Receipt string
	// Suppress is why its address gets no more mail; empty if it does.
	Suppress string
	// Newer reports whether one receipt is news after another.
	Newer func(old, latest string) bool
	// Normalize makes two spellings of an address equal.
	Normalize func(address string) string
}

// TakeBounce notes what became of a mail, and suppresses its address where that follows.
// It reports whether that was news; what is not changes nothing. NotFound means that the
// organization sent no such mail.
func (s *Store) TakeBounce(ctx context.Context, organization string, id chat.Key, b Bounce) (bool, error) {
	news := false
	err := s.transact(ctx, "taking a bounce", func(q *sqlc.Queries) error {
		news = false
		sent, err := q.LockSent(ctx, sqlc.LockSentParams{ID: id, Organization: organization})
		if err != nil {
			return err
		}
		p := params(sent.Delivery.Params)
		if sent.Delivery.Action == string(chat.SendLink) && p.Channel != chat.ChannelEmail {
			return fault.New(fault.NotFound, "not_found", "there is no such mail")
		}
		if !b.Newer(sent.Delivery.Receipt, b.Receipt) {
			return nil
		}
		news = true
		if err := q.SetReceipt(ctx, sqlc.SetReceiptParams{ID: id, Organization: organization, Receipt: b.Receipt}); err != nil || b.Suppress == "" {
			return err
		}
		address, err := s.sentTo(ctx, q, sent.Delivery)
		if err != nil {
			return err
		}
		if address = b.Normalize(address); address == "" {
			return nil
		}
		return q.SuppressBounced(ctx, sqlc.SuppressBouncedParams{Organization: organization, Address: address, Reason: b.Suppress})
	})
	return news, err
}
