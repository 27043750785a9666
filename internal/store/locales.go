package store

import (
	"context"
	"fmt"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/store/sqlc"
)

// Locales returns the languages in which a conversation's user is to be written to, the
// user's own first and then the conversation's, as the latest episode has them. There
// are none where no episode is known yet, or they were not said.
func (s *Store) Locales(ctx context.Context, organization, conversation string) ([]string, error) {
	var said struct {
		Locale string `json:"locale"`
		User   struct {
			Locale string `json:"locale"`
		} `json:"user"`
	}
	err := s.transact(ctx, "reading the conversation's language", func(q *sqlc.Queries) error {
		c, err := q.Conversation(ctx, sqlc.ConversationParams{Organization: organization, ID: conversation})
		if err != nil {
			return err
		}
		episodes, err := q.Episodes(ctx, c.Conversation)
		if err != nil || len(episodes) == 0 {
			return err
		}
		stored, err := q.Snapshot(ctx, sqlc.SnapshotParams{Conversation: c.Conversation, Episode: episodes[len(episodes)-1].Episode})
		if err != nil {
			return err
		}
		doc, err := s.unpack(stored.Snapshot)
		if err != nil {
			return err
		}
		if err := chat.Decode(doc.Raw, &said); err != nil {
			return fmt.Errorf("reading a stored snapshot: %w", err)
		}
		return nil
	})
	return []string{said.User.Locale, said.Locale}, err
}
