package store

import (
	"context"
	"fmt"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store/sqlc"
)

// NewLink is a link to make. TokenHash is the SHA-256 of its token. Send, if set, is the
// delivery that sends it.
type NewLink struct {
	ID, Conversation, Purpose string
	Agent, Group              string
	TokenHash                 []byte
	TTL                       time.Duration
	Send                      *chat.Delivery
	Repeat                    Idempotency
}

// Idempotency makes a POST repeatable: the same key and digest return the first
// answer. An empty key makes it not repeatable.
type Idempotency struct {
	Key    string
	Digest []byte
	Answer string // what to return when the same is asked again
}

// CreateLink makes a link and plans its sending, or returns the answer that was given to
// the same request before.
func (s *Store) CreateLink(ctx context.Context, organization string, l NewLink) (link chat.Link, replay string, err error) {
	err = s.transact(ctx, "making the link", func(q *sqlc.Queries) error {
		link, replay = chat.Link{}, ""
		if replay, err = repeat(ctx, q, organization, l.Repeat); err != nil || replay != "" {
			return err
		}
		c, err := lockConversation(ctx, q, organization, l.Conversation, 0)
		if err != nil {
			return err
		}
		row, err := q.AddLink(ctx, sqlc.AddLinkParams{
			ID: l.ID, Organization: organization, Conversation: c.Conversation.Conversation, Purpose: l.Purpose,
			AssignAgent: l.Agent, AssignGroup: l.Group, TokenSha256: l.TokenHash, Ttl: l.TTL.Seconds(),
		})
		if err != nil {
			return err
		}
		link = domainLink(row, c.ID, time.Now())
		if l.Send == nil {
			return nil
		}
		return addPlan(ctx, q, c, max(c.latest(), 1), 0, []chat.Delivery{*l.Send})
	})
	return link, replay, err
}

// repeat looks up a request's key, and takes it when it is new.
func repeat(ctx context.Context, q *sqlc.Queries, organization string, r Idempotency) (string, error) {
	if r.Key == "" {
		return "", nil
	}
	taken, err := q.SaveIdempotencyKey(ctx, sqlc.SaveIdempotencyKeyParams{Organization: organization, Key: r.Key, Digest: r.Digest, Answer: r.Answer})
	if err != nil || taken > 0 {
		return "", err
	}
	return repeated(ctx, q, organization, r)
}

// repeated returns the answer that was given to the same request, "" if it is new.
func repeated(ctx context.Context, q *sqlc.Queries, organization string, r Idempotency) (string, error) {
	if r.Key == "" {
		return "", nil
	}
	known, err := q.IdempotencyKey(ctx, sqlc.IdempotencyKeyParams{Organization: organization, Key: r.Key})
	if ok, err := found(err); !ok {
		return "", err
	}
	if string(known.Digest) != string(r.Digest) {
		return "", fault.New(fault.Conflict, "idempotency_key_reused", "this Idempotency-Key was used for another request")
	}
	return known.Answer, nil
}

// Link returns one link of the organization, or NotFound.
func (s *Store) Link(ctx context.Context, organization, id string) (chat.Link, error) {
	r, err := s.queries.Link(ctx, sqlc.LinkParams{Organization: organization, ID: id})
	if err != nil {
		return chat.Link{}, fmt.Errorf("reading the link: %w", away(err))
	}
	return domainLink(r.Link, r.ConversationID, r.Now), nil
}

// LinkByToken returns the link with a token's SHA-256, whatever its organization.
func (s *Store) LinkByToken(ctx context.Context, hash []byte) (chat.Link, error) {
	r, err := s.queries.LinkByToken(ctx, hash)
	if err != nil {
		return chat.Link{}, fmt.Errorf("reading the link: %w", away(err))
	}
	return domainLink(r.Link, r.ConversationID, r.Now), nil
}

// Links returns a conversation's links, oldest first.
func (s *Store) Links(ctx context.Context, organization, conversation string) ([]chat.Link, error) {
	rows, err := s.queries.LinksOfConversation(ctx, sqlc.LinksOfConversationParams{Organization: organization, Conversation: conversation})
	if err != nil {
		return nil, fmt.Errorf("reading the links: %w", away(err))
	}
	out := make([]chat.Link, 0, len(rows))
	for _, r := range rows {
		out = append(out, domainLink(r.Link, r.ConversationID, r.Now))
	}
	return out, nil
}

// RevokeLink revokes a link and cancels its sending if that is still to come. The same
// again changes nothing.
func (s *Store) RevokeLink(ctx context.Context, organization, id string) error {
	return s.transact(ctx, "revoking the link", func(q *sqlc.Queries) error {
		r, err := q.Link(ctx, sqlc.LinkParams{Organization: organization, ID: id})
		if err != nil {
			return err
		}
		if _, err := q.RevokeLink(ctx, sqlc.RevokeLinkParams{Organization: organization, ID: id}); err != nil {
			return err
		}
		unsent, err := q.UnsentOfLink(ctx, sqlc.UnsentOfLinkParams{Organization: organization, Conversation: r.Link.Conversation})
		if err != nil || len(unsent) == 0 {
			return err
		}
		rows, err := lock(ctx, q, unsent)
		if err != nil {
			return err
		}
		for _, d := range rows {
			// What may have been sent already looks first, and is cancelled if it was not.
			if d.Params.Link == id && d.State == chat.Pending && !d.LookFirst {
				d.save = d.Cancel() == nil
			}
		}
		return save(ctx, q, rows)
	})
}

// RedeemLink counts a click on a link that is still good, and reports whether it is.
func (s *Store) RedeemLink(ctx context.Context, id string) (bool, error) {
	n, err := s.queries.RedeemLink(ctx, id)
	if err != nil {
		return false, fmt.Errorf("redeeming the link: %w", away(err))
	}
	return n > 0, nil
}

func domainLink(l sqlc.Link, conversation string, now time.Time) chat.Link {
	out := chat.Link{
		ID: l.ID, Organization: l.Organization, Conversation: conversation, Purpose: l.Purpose,
		Agent: l.AssignAgent, Group: l.AssignGroup, Generation: int(l.Generation), TokenHash: l.TokenSha256, CreatedAt: l.CreatedAt,
		ExpiresAt: l.ExpiresAt, RevokedAt: l.RevokedAt, RedeemedAt: l.RedeemedAt, Clicks: int(l.Clicks), State: chat.LinkOpen,
	}
	switch {
	case l.RevokedAt != nil:
		out.State = chat.LinkRevoked
	case !now.Before(l.ExpiresAt):
		out.State = chat.LinkExpired
	}
	return out
}
