package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/afterchat/afterchat/internal/address"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store/sqlc"
)

// Episode states.
const (
	episodeOpen   = "open"
	episodeEnded  = "ended"
	episodeFrozen = "frozen"
)

// Episode is how far one run of a conversation has come. State is "open" or "ended".
type Episode struct {
	Episode int        `json:"episode"`
	State   string     `json:"state"`
	EndedAt *time.Time `json:"ended_at"`
}

// Conversation is what is known of a conversation. Latest is the latest episode as it
// stands: open or ended, with the notes that came by themselves.
type Conversation struct {
	ID       string
	Episodes []Episode
	Ticket   *chat.TicketRef
	Latest   *chat.Snapshot
}

// Planner decides what an episode's end brings about. It is pure: see package plan.
type Planner func(chat.Conversation) []chat.Delivery

// End is an episode's end as it was taken in.
type End struct {
	Snapshot chat.Snapshot
	Raw      []byte // the snapshot's sanitised JSON
	Settle   time.Duration
	// Flags returns a snapshot's flags and those that rules set; nil if there are no rules.
	// They are frozen with it, so that a later change of the rules rewrites nothing.
	Flags func(chat.Snapshot) []chat.Flag
}

// EndConversation freezes an episode (after settle) and plans its deliveries. The same
// end again returns the plan that was made; a different one is a Conflict.
func (s *Store) EndConversation(ctx context.Context, organization string, end End, plan Planner) ([]chat.Delivery, error) {
	if deliveries, isNew, err := s.endNew(ctx, organization, end, plan); isNew || err != nil {
		return deliveries, err
	}
	return s.endKnown(ctx, organization, end, plan)
}

// endKnown ends an episode of a conversation of which something is known already.
func (s *Store) endKnown(ctx context.Context, organization string, end End, plan Planner) ([]chat.Delivery, error) {
	var deliveries []chat.Delivery
	var frozen *chat.Snapshot
	var key frozenKey
	var packed int
	err := s.transact(ctx, "ending the conversation", func(q *sqlc.Queries) error {
		c, err := lockConversation(ctx, q, organization, end.Snapshot.ID, end.Snapshot.Episode)
		if err != nil {
			return err
		}
		if was := c.episode; was != nil && was.State != episodeOpen {
			if string(was.Digest) != string(end.Snapshot.Digest()) {
				return fault.New(fault.Conflict, "already_ended", "this episode has ended already, with different content")
			}
			deliveries, err = plannedDeliveries(ctx, q, c, end.Snapshot.Episode)
			return err
		}
		snapshot, size, err := s.saveEnd(ctx, q, c, end)
		if err != nil {
			return err
		}
		if end.Settle == 0 {
			frozen, key, packed = &snapshot, frozenKey{c.Conversation.Conversation, snapshot.Episode}, size
		}
		deliveries, err = s.planEnd(ctx, q, c, end, snapshot, plan)
		return err
	})
	if err == nil && frozen != nil {
		s.remember(key, *frozen, packed)
	}
	return deliveries, err
}

// planEnd plans what the end brings about, and returns it as it was stored.
func (s *Store) planEnd(ctx context.Context, q *sqlc.Queries, c *locked, end End, snapshot chat.Snapshot, plan Planner) ([]chat.Delivery, error) {
	for _, contact := range c.contacts {
		snapshot = contact.Apply(snapshot, address.Good)
	}
	awaited, err := q.AwaitedDesk(ctx, sqlc.AwaitedDeskParams{Conversation: c.Conversation.Conversation, Episode: int32(snapshot.Episode)})
	if _, err := found(err); err != nil {
		return nil, err
	}
	planned := plan(chat.Conversation{
		Organization: c.Organization, Snapshot: snapshot, AwaitedDesk: awaited,
		Ticket: ticketRef(c.TicketDesk, c.TicketID, c.TicketUrl),
	})
	if err := addPlan(ctx, q, c, snapshot.Episode, end.Settle, planned); err != nil {
		return nil, err
	}
	return plannedDeliveries(ctx, q, c, snapshot.Episode)
}

// plannedDeliveries are those that an episode's end planned, however often it is told.
func plannedDeliveries(ctx context.Context, q *sqlc.Queries, c *locked, episode int) ([]chat.Delivery, error) {
	all, err := episodeDeliveries(ctx, q, c, episode)
	return slices.DeleteFunc(all, func(d chat.Delivery) bool { return !d.Planned() }), err
}

// saveEnd writes the episode's row, drops the rows of its open messages, and returns the
// snapshot with all that came by other ways, and how many bytes that has compressed.
func (s *Store) saveEnd(ctx context.Context, q *sqlc.Queries, c *locked, end End) (merged chat.Snapshot, size int, err error) {
	doc := document{Raw: end.Raw}
	if err := s.gather(ctx, q, c, end.Snapshot.Episode, &doc); err != nil {
		return chat.Snapshot{}, 0, err
	}
	merged, packed, err := s.packEnd(end, doc)
	if err != nil {
		return chat.Snapshot{}, 0, err
	}
	p := sqlc.EndEpisodeParams{
		Conversation: c.Conversation.Conversation, Episode: int32(end.Snapshot.Episode), State: end.state(),
		Digest: end.Snapshot.Digest(), Settle: end.Settle.Seconds(), Snapshot: packed,
	}
	if !end.Snapshot.EndedAt.IsZero() {
		p.EndedAt = &end.Snapshot.EndedAt
	}
	if err := q.EndEpisode(ctx, p); err != nil {
		return chat.Snapshot{}, 0, err
	}
	if c.episode != nil {
		err = q.DropMessages(ctx, sqlc.DropMessagesParams{Conversation: p.Conversation, Episode: p.Episode})
	}
	return merged, len(packed), err
}

// state is that of an episode that has just ended.
func (e End) state() string {
	if e.Settle > 0 {
		return episodeEnded
	}
	return episodeFrozen
}

// packEnd returns the snapshot with all that the document adds to it, its flags included,
// and how that is stored.
func (s *Store) packEnd(end End, doc document) (chat.Snapshot, []byte, error) {
	merged := doc.merge(end.Snapshot)
	if end.Flags != nil {
		if flags := end.Flags(merged); len(flags) > len(merged.Flags) {
			doc.Flags, merged.Flags = flags, flags
		}
	}
	packed, err := s.pack(doc)
	return merged, packed, err
}

// gather adds to the document what came by other ways: messages of the open chat, notes,
// and the ids of messages that earlier episodes had.
func (s *Store) gather(ctx context.Context, q *sqlc.Queries, c *locked, episode int, doc *document) error {
	for _, n := range c.notes {
		if n.Episode == episode && !c.late[n.ID] {
			doc.Notes = append(doc.Notes, n)
		}
	}
	if c.episode != nil {
		more, err := openMessages(ctx, q, c.Conversation.Conversation, episode)
		if err != nil {
			return err
		}
		doc.Messages = more
	}
	var err error
	doc.Dropped, err = s.earlier(ctx, q, c.Conversation.Conversation, c.episodes, episode)
	return err
}

// earlier returns the ids of the messages that episodes before this one had.
func (s *Store) earlier(ctx context.Context, q *sqlc.Queries, conversation int64, episodes []sqlc.EpisodesRow, episode int) ([]string, error) {
	var ids []string
	for _, e := range episodes {
		if int(e.Episode) >= episode {
			continue
		}
		before, err := s.load(ctx, q, conversation, int(e.Episode))
		if err != nil {
			return nil, err
		}
		for _, m := range before.Messages {
			ids = append(ids, m.ID)
		}
	}
	return ids, nil
}

// UpdateConversation takes in an open chat as it stands. Fewer messages than are stored,
// or an episode that has ended, change nothing. changed tells which it was.
func (s *Store) UpdateConversation(ctx context.Context, organization string, snapshot chat.Snapshot, raw []byte) (changed bool, err error) {
	err = s.transact(ctx, "updating the conversation", func(q *sqlc.Queries) error {
		changed = false
		c, err := lockConversation(ctx, q, organization, snapshot.ID, snapshot.Episode)
		if err != nil {
			return err
		}
		id, episode := c.Conversation.Conversation, int32(snapshot.Episode)
		if c.episode != nil && c.episode.State != episodeOpen {
			return nil
		}
		if c.episode != nil {
			stored, err := q.CountMessages(ctx, sqlc.CountMessagesParams{Conversation: id, Episode: episode})
			if err != nil || int64(len(snapshot.Messages)) < stored {
				return err
			}
		}
		head, err := s.packHead(raw)
		if err != nil {
			return err
		}
		if err := q.SaveOpenEpisode(ctx, sqlc.SaveOpenEpisodeParams{Conversation: id, Episode: episode, Snapshot: head}); err != nil {
			return err
		}
		rows := sqlc.AddMessagesParams{Conversation: id, Episode: episode}
		for _, m := range snapshot.Messages {
			rows.Ids = append(rows.Ids, m.ID)
			rows.Bodies = append(rows.Bodies, encode(m))
		}
		changed = true
		return q.AddMessages(ctx, rows)
	})
	return changed, err
}

// packHead packs a snapshot without its messages, unknown fields included.
func (s *Store) packHead(raw []byte) ([]byte, error) {
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, fmt.Errorf("reading a snapshot's fields: %w", err)
	}
	fields["messages"] = json.RawMessage("[]")
	head, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("encoding a snapshot's head: %w", err)
	}
	return s.pack(document{Raw: head})
}

// Conversation returns what is known of a conversation, or NotFound.
func (s *Store) Conversation(ctx context.Context, organization, id string) (*Conversation, error) {
	var out *Conversation
	// Between two statements a chat may end, and its messages move.
	still := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := s.transactAs(ctx, still, "reading the conversation", func(q *sqlc.Queries) error {
		c, err := q.Conversation(ctx, sqlc.ConversationParams{Organization: organization, ID: id})
		if err != nil {
			return err
		}
		episodes, err := q.Episodes(ctx, c.Conversation)
		if err != nil {
			return err
		}
		out = &Conversation{ID: id, Ticket: ticketRef(c.TicketDesk, c.TicketID, c.TicketUrl)}
		for _, e := range episodes {
			state := episodeOpen
			if e.State != episodeOpen {
				state = episodeEnded
			}
			out.Episodes = append(out.Episodes, Episode{Episode: int(e.Episode), State: state, EndedAt: e.EndedAt})
		}
		if len(episodes) == 0 {
			return nil
		}
		last := episodes[len(episodes)-1]
		latest, err := s.current(ctx, q, c.Conversation, int(last.Episode))
		if err != nil {
			return err
		}
		out.Latest = &latest
		if last.State != episodeOpen {
			return nil
		}
		ids, err := s.earlier(ctx, q, c.Conversation, episodes, int(last.Episode))
		latest.Messages = without(latest.Messages, ids)
		return err
	})
	return out, err
}

// current is an episode as agents see it now: late notes and contacts included.
func (s *Store) current(ctx context.Context, q *sqlc.Queries, conversation int64, episode int) (chat.Snapshot, error) {
	snapshot, err := s.load(ctx, q, conversation, episode)
	if err != nil {
		return chat.Snapshot{}, err
	}
	notes, _, err := readNotes(ctx, q, conversation)
	if err != nil {
		return chat.Snapshot{}, err
	}
	for _, n := range notes {
		if n.Episode == episode || n.Episode == 0 {
			snapshot.Notes = mergeNotes(snapshot.Notes, []chat.Note{n})
		}
	}
	snapshot.Sort()
	contacts, err := readContacts(ctx, q, conversation, episode)
	if err != nil {
		return chat.Snapshot{}, err
	}
	for _, contact := range contacts {
		snapshot = contact.Apply(snapshot, address.Good)
	}
	return snapshot, nil
}

// load reads an episode's snapshot, with the messages of an open one.
func (s *Store) load(ctx context.Context, q *sqlc.Queries, conversation int64, episode int) (chat.Snapshot, error) {
	stored, err := q.Snapshot(ctx, sqlc.SnapshotParams{Conversation: conversation, Episode: int32(episode)})
	if err != nil {
		return chat.Snapshot{}, err
	}
	doc, err := s.unpack(stored.Snapshot)
	if err != nil {
		return chat.Snapshot{}, err
	}
	if stored.State == episodeOpen {
		if doc.Messages, err = openMessages(ctx, q, conversation, episode); err != nil {
			return chat.Snapshot{}, err
		}
	}
	return doc.snapshot()
}

func openMessages(ctx context.Context, q *sqlc.Queries, conversation int64, episode int) ([]chat.Message, error) {
	bodies, err := q.Messages(ctx, sqlc.MessagesParams{Conversation: conversation, Episode: int32(episode)})
	if err != nil {
		return nil, err
	}
	messages := make([]chat.Message, len(bodies))
	for i, body := range bodies {
		if err := json.Unmarshal([]byte(body), &messages[i]); err != nil {
			return nil, fmt.Errorf("reading a stored message: %w", err)
		}
	}
	return messages, nil
}
