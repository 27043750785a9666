package store

import (
	"context"
	"encoding/json"
	"fmt"

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

// sentTo is where a mail went.
func (s *Store) sentTo(ctx context.Context, q *sqlc.Queries, d sqlc.Delivery) (string, error) {
	if to := params(d.Params).To; to != "" {
		return to, nil
	}
	return s.userAddress(ctx, q, d)
}

// userAddress is where a mail to the conversation's user went: the address as it was
// known then. What came later may be another mailbox.
func (s *Store) userAddress(ctx context.Context, q *sqlc.Queries, d sqlc.Delivery) (string, error) {
	stored, err := q.Snapshot(ctx, sqlc.SnapshotParams{Conversation: d.Conversation, Episode: d.Episode})
	if err != nil {
		return "", err
	}
	doc, err := s.unpack(stored.Snapshot)
	if err != nil {
		return "", err
	}
	var said struct {
		User chat.User `json:"user"`
	}
	if err := json.Unmarshal(doc.Raw, &said); err != nil { // a long chat's messages are not needed
		return "", fmt.Errorf("reading a stored snapshot: %w", err)
	}
	snapshot := chat.Snapshot{User: said.User}
	contacts, err := q.ContactsBefore(ctx, sqlc.ContactsBeforeParams{Conversation: d.Conversation, Episode: d.Episode, Before: value(d.LastCallAt)})
	if err != nil {
		return "", err
	}
	for _, body := range contacts {
		contact, err := decodeContact(body)
		if err != nil {
			return "", err
		}
		snapshot = contact.Apply(snapshot)
	}
	return snapshot.User.Email, nil
}
