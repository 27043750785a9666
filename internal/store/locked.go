package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/store/sqlc"
)

// locked is a conversation whose row this transaction has locked: nobody else takes a
// note, freezes an episode or decides about its ticket meanwhile.
type locked struct {
	sqlc.Conversation
	episodes []sqlc.EpisodesRow
	episode  *sqlc.EpisodesRow // the one asked for, nil if it is not known
	notes    []chat.Note
	late     map[string]bool // the notes that came after their episode was frozen
	contacts []chat.Contact  // of the episode asked for, that are no amendments
}

// lockConversation locks a conversation, made if need be. An episode that is new adopts
// the notes and contacts that came before any episode was known.
func lockConversation(ctx context.Context, q *sqlc.Queries, organization, id string, episode int) (*locked, error) {
	row, err := q.LockConversation(ctx, sqlc.LockConversationParams{Organization: organization, ID: id})
	if err != nil {
		return nil, err
	}
	c := &locked{Conversation: row}
	if c.episodes, err = q.Episodes(ctx, row.Conversation); err != nil {
		return nil, err
	}
	for i, e := range c.episodes {
		if int(e.Episode) == episode {
			c.episode = &c.episodes[i]
		}
	}
	if len(c.episodes) == 0 && episode > 0 {
		if err := q.AdoptNotes(ctx, sqlc.AdoptNotesParams{Conversation: row.Conversation, Episode: int32(episode)}); err != nil {
			return nil, err
		}
		if err := q.AdoptContacts(ctx, sqlc.AdoptContactsParams{Conversation: row.Conversation, Episode: int32(episode)}); err != nil {
			return nil, err
		}
	}
	if c.notes, c.late, err = readNotes(ctx, q, row.Conversation); err != nil {
		return nil, err
	}
	c.contacts, err = readContacts(ctx, q, row.Conversation, episode)
	return c, err
}

// latest is the number of the latest episode, 0 if none is known.
func (c *locked) latest() int {
	if len(c.episodes) == 0 {
		return 0
	}
	return int(c.episodes[len(c.episodes)-1].Episode)
}

func readNotes(ctx context.Context, q *sqlc.Queries, conversation int64) ([]chat.Note, map[string]bool, error) {
	rows, err := q.Notes(ctx, conversation)
	if err != nil {
		return nil, nil, err
	}
	notes := make([]chat.Note, 0, len(rows))
	late := map[string]bool{}
	for _, n := range rows {
		notes = append(notes, chat.Note{ID: n.ID, Episode: int(n.Episode), At: n.At, Agent: n.Agent, Text: n.Text})
		if n.Late {
			late[n.ID] = true
		}
	}
	return notes, late, nil
}

// readContacts returns an episode's contacts, or all of them when episode is 0.
func readContacts(ctx context.Context, q *sqlc.Queries, conversation int64, episode int) ([]chat.Contact, error) {
	rows, err := q.Contacts(ctx, conversation)
	if err != nil {
		return nil, err
	}
	var contacts []chat.Contact
	for _, r := range rows {
		if episode != 0 && int(r.Episode) != episode && r.Episode != 0 {
			continue
		}
		c, err := decodeContact(r.Body)
		if err != nil {
			return nil, err
		}
		c.Episode = int(r.Episode)
		contacts = append(contacts, c)
	}
	return contacts, nil
}

func decodeContact(body string) (chat.Contact, error) {
	var c chat.Contact
	if err := json.Unmarshal([]byte(body), &c); err != nil {
		return c, fmt.Errorf("reading stored contact data: %w", err)
	}
	return c, nil
}

// addPlan stores planned deliveries and wakes those that wait for nothing but time.
// While the episode settles, whatever else would be due waits for that.
func addPlan(ctx context.Context, q *sqlc.Queries, c *locked, episode int, settle time.Duration, planned []chat.Delivery) error {
	if len(planned) == 0 {
		return nil
	}
	now, err := q.Clock(ctx)
	if err != nil {
		return err
	}
	add := sqlc.AddDeliveriesParams{Organization: c.Organization, Conversation: c.Conversation.Conversation, Episode: int32(episode)}
	var wake sqlc.WakeParams
	byKey := make(map[chat.Key]chat.Delivery, len(planned))
	for _, d := range planned {
		if d.State == chat.Pending && d.Delay != chat.Never {
			d.DueAt = now.Add(max(d.Delay, settle))
			if settle > 0 && d.Hold == "" {
				d.Hold, d.DueAt = chat.HeldBySettle, time.Time{}
			}
		}
		byKey[d.ID] = d
		add.Ids = append(add.Ids, d.ID)
		add.Actions = append(add.Actions, string(d.Action))
		add.Targets = append(add.Targets, d.Target)
		add.Params = append(add.Params, encode(d.Params))
		add.DependsOn = append(add.DependsOn, d.DependsOn)
		add.States = append(add.States, string(d.State))
		add.Holds = append(add.Holds, string(d.Hold))
		add.DueAt = append(add.DueAt, d.DueAt)
		add.Errors = append(add.Errors, d.Error)
	}
	added, err := q.AddDeliveries(ctx, add)
	if err != nil {
		return err
	}
	for _, id := range added {
		if d := byKey[id]; d.State == chat.Pending && !d.DueAt.IsZero() {
			d.Organization = c.Organization
			appendWake(&wake, d)
		}
	}
	if len(wake.Ids) == 0 {
		return nil
	}
	return q.Wake(ctx, wake)
}

func episodeDeliveries(ctx context.Context, q *sqlc.Queries, c *locked, episode int) ([]chat.Delivery, error) {
	rows, err := q.EpisodeDeliveries(ctx, sqlc.EpisodeDeliveriesParams{Conversation: c.Conversation.Conversation, Episode: int32(episode)})
	if err != nil {
		return nil, err
	}
	deliveries := make([]chat.Delivery, 0, len(rows))
	for _, r := range rows {
		deliveries = append(deliveries, chat.Delivery{
			ID: r.ID, Organization: c.Organization, Conversation: c.ID, Episode: episode, Action: chat.Action(r.Action),
			Target: r.Target, State: chat.State(r.State), Hold: chat.Hold(r.HeldBy), LookFirst: r.LookFirst, Fence: r.Fence, Attempts: int(r.Attempts),
		})
	}
	return deliveries, nil
}
