package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/store/sqlc"
	"github.com/afterchat/afterchat/internal/tracing"
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
	c := &locked{Conversation: row.Conversation}
	if row.Made {
		return c, nil // nothing else can be known of it
	}
	if c.episodes, err = q.Episodes(ctx, c.Conversation.Conversation); err != nil {
		return nil, err
	}
	for i, e := range c.episodes {
		if int(e.Episode) == episode {
			c.episode = &c.episodes[i]
		}
	}
	internal := c.Conversation.Conversation
	if len(c.episodes) == 0 && episode > 0 {
		if err := q.AdoptNotes(ctx, sqlc.AdoptNotesParams{Conversation: internal, Episode: int32(episode)}); err != nil {
			return nil, err
		}
		if err := q.AdoptContacts(ctx, sqlc.AdoptContactsParams{Conversation: internal, Episode: int32(episode)}); err != nil {
			return nil, err
		}
	}
	if c.notes, c.late, err = readNotes(ctx, q, internal); err != nil {
		return nil, err
	}
	c.contacts, err = readContacts(ctx, q, internal, episode)
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
func addPlan(ctx context.Context, q *sqlc.Queries, c *locked, episode int, settle time.Duration, planned []chat.Delivery) error {
	var p sqlc.AddDeliveriesParams
	appendPlan(&p, c.Conversation.Conversation, c.Organization, episode, traced(ctx, settled(planned, settle)))
	return addDeliveries(ctx, q, p)
}

// settled has whatever would be due wait until its episode has settled.
func settled(planned []chat.Delivery, settle time.Duration) []chat.Delivery {
	for i, d := range planned {
		if settle > 0 && d.State == chat.Pending && d.Delay != chat.Never {
			planned[i].Delay = max(d.Delay, settle)
			if d.Hold == "" {
				planned[i].Hold = chat.HeldBySettle
			}
		}
	}
	return planned
}

// traced has what is planned go on with the trace of the call that plans it.
func traced(ctx context.Context, planned []chat.Delivery) []chat.Delivery {
	if headers := tracing.Headers(ctx); headers != nil {
		for i := range planned {
			planned[i].Params.Trace = headers[tracing.Header]
		}
	}
	return planned
}

func appendPlan(p *sqlc.AddDeliveriesParams, conversation int64, organization string, episode int, planned []chat.Delivery) {
	for _, d := range planned {
		p.Ids = append(p.Ids, d.ID)
		p.Organizations = append(p.Organizations, organization)
		p.Conversations = append(p.Conversations, conversation)
		p.Episodes = append(p.Episodes, int32(episode))
		p.Actions = append(p.Actions, string(d.Action))
		p.Targets = append(p.Targets, d.Target)
		p.Params = append(p.Params, encode(d.Params))
		p.DependsOn = append(p.DependsOn, d.DependsOn)
		p.States = append(p.States, string(d.State))
		p.Holds = append(p.Holds, string(d.Hold))
		p.Delays = append(p.Delays, d.Delay.Seconds())
		p.Errors = append(p.Errors, d.Error)
	}
}

func addDeliveries(ctx context.Context, q *sqlc.Queries, p sqlc.AddDeliveriesParams) error {
	if len(p.Ids) == 0 {
		return nil
	}
	_, err := q.AddDeliveries(ctx, p)
	return err
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
			Target: r.Target, Params: params(r.Params), State: chat.State(r.State), Hold: chat.Hold(r.HeldBy), LookFirst: r.LookFirst,
			Fence: r.Fence, Attempts: int(r.Attempts), Error: r.Error,
		})
	}
	return deliveries, nil
}
