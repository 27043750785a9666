package store

import (
	"context"
	"slices"

	"github.com/afterchat/afterchat/internal/address"
	"github.com/afterchat/afterchat/internal/store/sqlc"
)

// longestThread is how many earlier mails one names; mail clients need but the last.
const longestThread = 10

// EarlierMails returns the references, Message-IDs, of the conversation's mails that went
// to the address before this one, oldest first. Mails to others stay out of it: their
// Message-IDs prove to have seen them.
func (s *Store) EarlierMails(ctx context.Context, c *Claimed, to string) ([]string, error) {
	if !c.hasMails {
		return nil, nil
	}
	var refs []string
	err := s.transact(ctx, "reading the mail thread", func(q *sqlc.Queries) error {
		refs = nil
		mails, err := q.MailsOf(ctx, sqlc.MailsOfParams{Conversation: c.conversation, But: c.ID, Most: longestThread})
		if err != nil {
			return err
		}
		for _, m := range mails {
			sent, err := s.sentTo(ctx, q, m)
			if err != nil {
				return err
			}
			if address.Normalize(sent) == address.Normalize(to) {
				refs = append(refs, m.RefID)
			}
		}
		slices.Reverse(refs)
		return nil
	})
	return refs, err
}
