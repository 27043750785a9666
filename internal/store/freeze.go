package store

import (
	"context"
	"errors"
	"time"

	"github.com/afterchat/afterchat/internal/address"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store/sqlc"
)

// FreezeSettled freezes episodes whose settling time is over, at most so many, and
// returns how many there were. Each is a transaction of its own, and one that cannot be
// frozen keeps no other from it.
func (s *Store) FreezeSettled(ctx context.Context, most int) (int, error) {
	episodes, err := s.queries.EpisodesToFreeze(ctx, int32(most))
	if err != nil {
		return 0, away(err)
	}
	var errs []error
	for _, e := range episodes {
		if err := s.freeze(ctx, e.Organization, e.ID, int(e.Episode)); err != nil {
			errs = append(errs, err)
		}
	}
	return len(episodes) - len(errs), errors.Join(errs...)
}

// freeze writes an episode's snapshot for the last time, with the notes that came while
// it settled, and lets go what waited for that.
func (s *Store) freeze(ctx context.Context, organization, conversation string, episode int) error {
	return s.transact(ctx, "freezing the episode", func(q *sqlc.Queries) error {
		c, err := lockConversation(ctx, q, organization, conversation, episode)
		if err != nil || c.episode == nil || c.episode.State != episodeEnded {
			return err
		}
		stored, err := q.Snapshot(ctx, sqlc.SnapshotParams{Conversation: c.Conversation.Conversation, Episode: int32(episode)})
		if err != nil {
			return err
		}
		doc, err := s.unpack(stored.Snapshot)
		if err != nil {
			return err
		}
		for _, n := range c.notes {
			if n.Episode == episode && !c.late[n.ID] {
				doc.Notes = mergeNotes(doc.Notes, []chat.Note{n})
			}
		}
		packed, err := s.pack(doc)
		if err != nil {
			return err
		}
		if err := q.FreezeEpisode(ctx, sqlc.FreezeEpisodeParams{
			Conversation: c.Conversation.Conversation, Episode: int32(episode), Snapshot: packed,
		}); err != nil {
			return err
		}
		deliveries, err := episodeDeliveries(ctx, q, c, episode)
		if err != nil {
			return err
		}
		var settled []chat.Key
		for _, d := range deliveries {
			if d.State == chat.Pending && d.Hold == chat.HeldBySettle {
				settled = append(settled, d.ID)
			}
		}
		return releaseHeld(ctx, q, settled, time.Time{})
	})
}

// Frozen is what a delivery is rendered from: the frozen snapshot, with the contact data
// that came before the ticket was first tried. It is never written again, so it may be
// cached. A large one waits until there is room for it, and has it until Done.
func (s *Store) Frozen(ctx context.Context, c *Claimed) (chat.Snapshot, error) {
	key := frozenKey{c.conversation, c.Episode}
	snapshot, ok := s.frozen.Get(key)
	if !ok {
		var size int
		var err error
		if snapshot, size, err = s.readFrozen(ctx, c); err != nil {
			return chat.Snapshot{}, err
		}
		s.remember(key, snapshot, size)
	}
	if c.contacts == 0 {
		return snapshot, nil
	}
	contacts, err := s.queries.Contacts(ctx, c.conversation)
	if err != nil {
		return chat.Snapshot{}, away(err)
	}
	for _, r := range contacts {
		if int(r.Episode) != c.Episode || r.Late && c.Action == chat.FileTicket {
			continue
		}
		contact, err := decodeContact(r.Body)
		if err != nil {
			return chat.Snapshot{}, err
		}
		snapshot = contact.Apply(snapshot, address.Good)
	}
	return snapshot, nil
}

type frozenKey struct {
	conversation int64
	episode      int
}

// remember caches a snapshot that has so many compressed bytes.
func (s *Store) remember(key frozenKey, snapshot chat.Snapshot, size int) {
	if size <= largestCached {
		s.frozen.Add(key, snapshot)
	}
}

// readFrozen also returns how many compressed bytes the snapshot has.
func (s *Store) readFrozen(ctx context.Context, c *Claimed) (snapshot chat.Snapshot, size int, err error) {
	for range 2 {
		stored, err := s.queries.Snapshot(ctx, sqlc.SnapshotParams{Conversation: c.conversation, Episode: int32(c.Episode)})
		if err != nil {
			return chat.Snapshot{}, 0, away(err)
		}
		if stored.State == episodeFrozen {
			if err := s.makeRoom(ctx, c, int64(len(stored.Snapshot))); err != nil {
				return chat.Snapshot{}, 0, err
			}
			doc, err := s.unpack(stored.Snapshot)
			if err != nil {
				return chat.Snapshot{}, 0, err
			}
			snapshot, err := doc.snapshot()
			return snapshot, len(stored.Snapshot), err
		}
		if err := s.freeze(ctx, c.Organization, c.Conversation, c.Episode); err != nil {
			return chat.Snapshot{}, 0, err
		}
	}
	return chat.Snapshot{}, 0, fault.New(fault.Transient, "not_frozen", "the episode has not ended")
}

// makeRoom waits until a snapshot of this size may be taken into memory.
func (s *Store) makeRoom(ctx context.Context, c *Claimed, size int64) error {
	if size < largeSnapshot || c.room != nil {
		return nil
	}
	size = min(size, roomForSnapshots)
	if err := s.large.Acquire(ctx, size); err != nil {
		return fault.Wrap(fault.Transient, "no_room", "other large chats are being worked on", err)
	}
	c.room = func() { s.large.Release(size) }
	return nil
}

// LateNote returns a note that came after its episode was frozen.
func (s *Store) LateNote(ctx context.Context, c *Claimed) (chat.Note, error) {
	notes, _, err := readNotes(ctx, s.queries, c.conversation)
	if err != nil {
		return chat.Note{}, away(err)
	}
	for _, n := range notes {
		if n.ID == c.Params.Note {
			return n, nil
		}
	}
	return chat.Note{}, fault.New(fault.NotFound, "not_found", "there is no such note")
}

// LateContact returns contact data that came after the ticket was first tried.
func (s *Store) LateContact(ctx context.Context, c *Claimed) (chat.Contact, error) {
	contacts, err := readContacts(ctx, s.queries, c.conversation, 0)
	if err != nil {
		return chat.Contact{}, away(err)
	}
	for _, contact := range contacts {
		if contact.ID == c.Params.Contact {
			return contact, nil
		}
	}
	return chat.Contact{}, fault.New(fault.NotFound, "not_found", "there are no such contact data")
}
