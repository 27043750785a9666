package store

import (
	"context"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store/sqlc"
)

// NewTranscript is a transcript that somebody asks for. Episode 0 is the latest that has
// ended. Plan returns the delivery and the answer that its request gets; it gets the
// episode as it is now known, and all addresses that the user is known by.
type NewTranscript struct {
	Conversation string
	Episode      int
	Repeat       Idempotency // without its Answer
	Plan         func(c chat.Conversation, addresses []string) (chat.Delivery, string, error)
}

// AskTranscript plans one more transcript of an episode that has ended, and returns the
// request's answer: the one that was given to the same request before, if there is one.
// It is NotFound where the conversation or the episode is not known, and a Conflict
// where the episode has not ended.
func (s *Store) AskTranscript(ctx context.Context, organization string, t NewTranscript) (answer string, err error) {
	err = s.transact(ctx, "asking for the transcript", func(q *sqlc.Queries) error {
		if answer, err = repeated(ctx, q, organization, t.Repeat); err != nil || answer != "" {
			return err
		}
		if _, err := q.Conversation(ctx, sqlc.ConversationParams{Organization: organization, ID: t.Conversation}); err != nil {
			return err
		}
		c, err := lockConversation(ctx, q, organization, t.Conversation, 0)
		if err != nil {
			return err
		}
		episode, err := c.ended(t.Episode)
		if err != nil {
			return err
		}
		snapshot, err := s.current(ctx, q, c.Conversation.Conversation, episode)
		if err != nil {
			return err
		}
		addresses, err := s.addresses(ctx, q, c)
		if err != nil {
			return err
		}
		conversation := chat.Conversation{Organization: organization, Snapshot: snapshot, Ticket: ticketRef(c.TicketDesk, c.TicketID, c.TicketUrl)}
		d, made, err := t.Plan(conversation, addresses)
		if err != nil {
			return err
		}
		t.Repeat.Answer = made
		if answer, err = repeat(ctx, q, organization, t.Repeat); err != nil || answer != "" {
			return err
		}
		answer = made
		if !c.settles(episode).IsZero() {
			d.Hold, d.Delay = chat.HeldBySettle, chat.Never // the freezing lets it go
		}
		return addPlan(ctx, q, c, episode, 0, []chat.Delivery{d})
	})
	return answer, err
}

// ended returns the number of an episode that has ended: the one asked for, or the latest.
func (c *locked) ended(episode int) (int, error) {
	for i := len(c.episodes) - 1; i >= 0; i-- {
		e := c.episodes[i]
		switch n := int(e.Episode); {
		case episode != 0 && n != episode:
		case e.State != episodeOpen:
			return n, nil
		case episode != 0:
			return 0, fault.New(fault.Conflict, "not_ended", "this episode has not ended yet").At("episode")
		}
	}
	if episode != 0 {
		return 0, fault.New(fault.NotFound, "not_found", "there is no such episode").At("episode")
	}
	return 0, fault.New(fault.Conflict, "not_ended", "no episode of this conversation has ended yet")
}

// AddressesOfUser returns all mail addresses that a conversation's user is known by today,
// of every episode and every contact.
func (s *Store) AddressesOfUser(ctx context.Context, organization, conversation string) (addresses []string, err error) {
	err = s.transact(ctx, "reading the user's addresses", func(q *sqlc.Queries) error {
		c, err := lockConversation(ctx, q, organization, conversation, 0)
		if err != nil {
			return err
		}
		addresses, err = s.addresses(ctx, q, c)
		return err
	})
	return addresses, err
}

// addresses returns all addresses that the conversation's user is known by, of every
// episode and every contact, late ones too.
func (s *Store) addresses(ctx context.Context, q *sqlc.Queries, c *locked) ([]string, error) {
	var out []string
	for _, e := range c.episodes {
		snapshot, err := s.load(ctx, q, c.Conversation.Conversation, int(e.Episode))
		if err != nil {
			return nil, err
		}
		out = append(out, snapshot.User.Email)
	}
	contacts, err := readContacts(ctx, q, c.Conversation.Conversation, 0)
	for _, contact := range contacts {
		out = append(out, contact.Email)
	}
	return out, err
}
