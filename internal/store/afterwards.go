package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/afterchat/afterchat/internal/address"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store/sqlc"
)

// AddNote takes a note. Before its episode is frozen it joins the snapshot; afterwards
// it is late and becomes one more comment on the ticket. The same note again changes
// nothing; the same id with other content is a Conflict. It returns the note as kept,
// with the episode that it belongs to (0: not known yet).
func (s *Store) AddNote(ctx context.Context, organization, conversation string, n chat.Note) (chat.Note, error) {
	err := s.transact(ctx, "taking the note", func(q *sqlc.Queries) error {
		c, err := lockConversation(ctx, q, organization, conversation, 0)
		if err != nil {
			return err
		}
		if n.Episode == 0 {
			n.Episode = c.latest()
		}
		state := c.stateOf(n.Episode)
		known, err := s.knownNote(ctx, q, c, n)
		if err != nil {
			return err
		}
		if known != nil {
			same := sameText(*known, n)
			n = *known
			return sameOrConflict(same, "a note")
		}
		if _, err := q.AddNote(ctx, sqlc.AddNoteParams{
			Conversation: c.Conversation.Conversation, ID: n.ID, Episode: int32(n.Episode), At: n.At, Agent: n.Agent, Text: n.Text, Late: state == episodeFrozen,
		}); err != nil {
			return err
		}
		switch state {
		case episodeEnded:
			return follower(ctx, q, c, n.Episode, chat.AttachNotes, chat.EndNotes, chat.Params{})
		case episodeFrozen:
			return follower(ctx, q, c, n.Episode, chat.AttachNotes, n.ID, chat.Params{Note: n.ID})
		}
		return nil
	})
	return n, err
}

// knownNote returns what is there under a note's id: it came by itself, or stands in the
// snapshot of its episode, or, the very same, in that of another. A note that comes late
// may not say of which it is.
func (s *Store) knownNote(ctx context.Context, q *sqlc.Queries, c *locked, n chat.Note) (*chat.Note, error) {
	for _, k := range c.notes {
		if k.ID == n.ID {
			return &k, nil
		}
	}
	for _, e := range c.episodes {
		if e.State == episodeOpen {
			continue
		}
		stored, err := s.load(ctx, q, c.Conversation.Conversation, int(e.Episode))
		if err != nil {
			return nil, err
		}
		for _, k := range stored.Notes {
			k.Episode = int(e.Episode)
			if k.ID == n.ID && (k.Episode == n.Episode || sameText(k, n)) {
				return &k, nil
			}
		}
	}
	return nil, nil //nolint:nilnil // no note is an answer
}

func sameText(a, b chat.Note) bool { return a.Text == b.Text && a.Agent == b.Agent }

// AddContact takes contact data. Until the episode's ticket was first tried they become
// the ticket's requester; afterwards they amend it. What waited for them goes, but for a
// transcript: that needs an address that mail can be sent to, and waits on for one, or is
// brought back by it if it has given up.
func (s *Store) AddContact(ctx context.Context, organization, conversation string, contact chat.Contact) (chat.Contact, error) {
	err := s.transact(ctx, "taking the contact", func(q *sqlc.Queries) error {
		c, err := lockConversation(ctx, q, organization, conversation, 0)
		if err != nil {
			return err
		}
		if contact.Episode == 0 {
			contact.Episode = c.latest()
		}
		for _, k := range c.contacts {
			if k.ID == contact.ID {
				contact.Episode = k.Episode
				return sameOrConflict(slices.Equal(k.Digest(), contact.Digest()), "contact data")
			}
		}
		deliveries, err := episodeDeliveries(ctx, q, c, contact.Episode)
		if err != nil {
			return err
		}
		late, reaches := false, address.Good(strings.TrimSpace(contact.Email))
		var release []chat.Key
		for _, d := range deliveries {
			if d.Action == chat.FileTicket && (d.State != chat.Pending || d.Fence > 0) {
				late = true
			}
			waits := d.State == chat.Pending && d.Hold == chat.HeldByContact && (d.Action != chat.EmailTranscript || reaches)
			if waits || reaches && d.LacksAddress() {
				release = append(release, d.ID)
			}
		}
		if _, err := q.AddContact(ctx, sqlc.AddContactParams{
			Conversation: c.Conversation.Conversation, ID: contact.ID, Episode: int32(contact.Episode), Body: encode(contact), Late: late,
		}); err != nil {
			return err
		}
		if late {
			err = follower(ctx, q, c, contact.Episode, chat.AmendTicket, contact.ID, chat.Params{Contact: contact.ID})
			if err != nil {
				return err
			}
		}
		return releaseHeld(ctx, q, release, c.settles(contact.Episode))
	})
	return contact, err
}

// releaseHeld lets deliveries go, also those that an address brings back, or on to wait for
// the episode to settle if it still does.
func releaseHeld(ctx context.Context, q *sqlc.Queries, ids []chat.Key, settles time.Time) error {
	if len(ids) == 0 {
		return nil
	}
	rows, err := lock(ctx, q, ids)
	if err != nil {
		return err
	}
	for _, r := range rows {
		r.AddressCame(r.now)
		r.Release(r.now)
		if !settles.IsZero() {
			r.Postpone(r.now, chat.HeldBySettle, settles)
		}
		r.save = true
	}
	return save(ctx, q, rows)
}

// follower adds a delivery that belongs to the episode's ticket, in the state that the
// ticket's leaves to it.
func follower(ctx context.Context, q *sqlc.Queries, c *locked, episode int, action chat.Action, discriminator string, p chat.Params) error {
	deliveries, err := episodeDeliveries(ctx, q, c, episode)
	if err != nil {
		return err
	}
	d := chat.Delivery{
		ID:     chat.NewKey(c.Organization, c.ID, episode, action, discriminator),
		Action: action, Params: p, Target: value(c.TicketDesk), State: chat.Pending,
	}
	i := slices.IndexFunc(deliveries, func(x chat.Delivery) bool { return x.Action == chat.FileTicket })
	switch {
	case i >= 0:
		ticket := deliveries[i]
		d.DependsOn, d.Target = ticket.ID, ticket.Target
		switch ticket.State {
		case chat.Pending, chat.Calling, chat.Unknown:
			d.Hold, d.Delay = chat.HeldByDependency, chat.Never
		case chat.Failed, chat.Cancelled, chat.Suppressed:
			d.State, d.Error = chat.Cancelled, chat.TicketGone
		case chat.Delivered:
		}
	case c.TicketDesk == nil:
		d.State, d.Error = chat.Suppressed, "no_ticket"
	}
	return addPlan(ctx, q, c, episode, 0, []chat.Delivery{d})
}

// stateOf returns the state of an episode, "" if it is not known.
func (c *locked) stateOf(episode int) string {
	for _, e := range c.episodes {
		if int(e.Episode) == episode {
			return e.State
		}
	}
	return ""
}

// settles returns when an episode that has ended will be frozen; zero for any other.
func (c *locked) settles(episode int) time.Time {
	for _, e := range c.episodes {
		if int(e.Episode) == episode && e.State == episodeEnded {
			return value(e.FreezeAt)
		}
	}
	return time.Time{}
}

func sameOrConflict(same bool, what string) error {
	if same {
		return nil
	}
	return fault.New(fault.Conflict, "id_taken", what+" with this id is there already, with different content").At("id")
}
