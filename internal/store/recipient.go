package store

import (
	"context"
	"fmt"
	"time"

	"github.com/afterchat/afterchat/internal/address"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/store/sqlc"
)

// addRecipients says of one conversation's transcripts to its user which address they
// went to, or would go to now. Each episode's user is read once.
func (s *Store) addRecipients(ctx context.Context, rows []sqlc.Delivery, list []Timeline) error {
	users := map[int32]chat.User{}
	for i, d := range list {
		list[i].To = d.Params.To
		if d.Action != chat.EmailTranscript || d.Params.To != "" {
			continue
		}
		user, ok := users[rows[i].Episode]
		if !ok {
			var err error
			if user, err = s.userOf(ctx, s.queries, rows[i]); err != nil {
				return fmt.Errorf("reading the recipients: %w", away(err))
			}
			users[rows[i].Episode] = user
		}
		var err error
		if list[i].To, err = addressBefore(ctx, s.queries, rows[i], user, d.addressed()); err != nil {
			return fmt.Errorf("reading the recipients: %w", away(err))
		}
	}
	return nil
}

// addressed is when a delivery's recipient was looked up last.
func (d Timeline) addressed() time.Time {
	switch {
	case d.State == chat.Pending:
		return time.Now()
	case d.LastCallAt.IsZero(): // it never came to a call
		return d.UpdatedAt
	}
	return d.LastCallAt
}

// sentTo is where a mail went.
func (s *Store) sentTo(ctx context.Context, q *sqlc.Queries, d sqlc.Delivery) (string, error) {
	if to := params(d.Params).To; to != "" {
		return to, nil
	}
	user, err := s.userOf(ctx, q, d)
	if err != nil {
		return "", err
	}
	return addressBefore(ctx, q, d, user, value(d.LastCallAt))
}

// userOf is the user of a delivery's episode as the chat's end had them.
func (s *Store) userOf(ctx context.Context, q *sqlc.Queries, d sqlc.Delivery) (chat.User, error) {
	stored, err := q.Snapshot(ctx, sqlc.SnapshotParams{Conversation: d.Conversation, Episode: d.Episode})
	if err != nil {
		return chat.User{}, err
	}
	doc, err := s.unpack(stored.Snapshot)
	if err != nil {
		return chat.User{}, err
	}
	var said struct {
		User chat.User `json:"user"`
	}
	if err := chat.Decode(doc.Raw, &said); err != nil { // a long chat's messages are not needed
		return chat.User{}, fmt.Errorf("reading a stored snapshot: %w", err)
	}
	return said.User, nil
}

// addressBefore is where a mail to the conversation's user went: the address as it was
// known then. What came later may be another mailbox.
func addressBefore(ctx context.Context, q *sqlc.Queries, d sqlc.Delivery, user chat.User, before time.Time) (string, error) {
	contacts, err := q.ContactsBefore(ctx, sqlc.ContactsBeforeParams{Conversation: d.Conversation, Episode: d.Episode, Before: before})
	if err != nil {
		return "", err
	}
	snapshot := chat.Snapshot{User: user}
	for _, body := range contacts {
		contact, err := decodeContact(body)
		if err != nil {
			return "", err
		}
		snapshot = contact.Apply(snapshot, address.Good)
	}
	return snapshot.User.Email, nil
}
