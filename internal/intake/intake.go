// Package intake is what happens behind both doors: it reads what the chat core sent,
// refuses what the chat core got wrong, plans what an end brings about and stores it
// all in one transaction. HTTP handlers and asynq handlers call the same methods.
//
// When a method returns without an error, Afterchat is responsible.
package intake

import (
	"context"
	"fmt"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/plan"
	"github.com/afterchat/afterchat/internal/signing"
	"github.com/afterchat/afterchat/internal/store"
)

// MaxBody is the largest body, in bytes, that a conversation may have by HTTP (32 MiB).
const MaxBody = 32 << 20

// Intake takes in what the chat core sends. All fields are needed but Keys, without
// which no organization can have links.
type Intake struct {
	Store     *store.Store
	Keys      *signing.Keys
	PublicURL string
	// Number reads a phone number as the organization does, and returns it in E.164.
	Number func(o *config.Organization, raw string) (string, error)
	// Wake tells the dispatcher that there may be something to do.
	Wake func()
	// Opened asks for the user's earlier tickets to be fetched; it does not wait.
	Opened func(ctx context.Context, organization, conversation string)
}

// Open takes in an open chat as it stands.
func (i *Intake) Open(ctx context.Context, o *config.Organization, id string, body []byte) error {
	snapshot, raw, err := parse(id, body)
	if err != nil {
		return err
	}
	changed, err := i.Store.UpdateConversation(ctx, o.ID, snapshot, raw)
	if err != nil {
		return err
	}
	if changed && (snapshot.User.Email != "" || snapshot.User.Phone != "" || len(snapshot.User.ExternalIDs) > 0) {
		i.Opened(ctx, o.ID, id)
	}
	return nil
}

// End takes in the snapshot at the end of an episode, and returns the episode and its
// plan.
func (i *Intake) End(ctx context.Context, o *config.Organization, id string, body []byte) (int, []chat.Delivery, error) {
	snapshot, raw, err := parse(id, body)
	if err != nil {
		return 0, nil, err
	}
	end := store.End{
		Snapshot: snapshot, Raw: raw, Settle: time.Duration(o.Settle),
		Flags: func(s chat.Snapshot) []chat.Flag { return plan.Flags(o, s) },
	}
	deliveries, err := i.Store.EndConversation(ctx, o.ID, end, func(c chat.Conversation) []chat.Delivery { return plan.For(c, o) })
	if err != nil {
		return 0, nil, err
	}
	i.Wake()
	return snapshot.Episode, deliveries, nil
}

// Note takes a note.
func (i *Intake) Note(ctx context.Context, o *config.Organization, id string, body []byte) (chat.Note, error) {
	note, err := chat.ParseNote(body, time.Now().UTC())
	if err != nil {
		return chat.Note{}, err
	}
	if err := checkConversation(id); err != nil {
		return chat.Note{}, err
	}
	note, err = i.Store.AddNote(ctx, o.ID, id, note)
	if err != nil {
		return chat.Note{}, err
	}
	i.Wake()
	return note, nil
}

// Contact takes contact data.
func (i *Intake) Contact(ctx context.Context, o *config.Organization, id string, body []byte) (chat.Contact, error) {
	contact, err := chat.ParseContact(body)
	if err != nil {
		return chat.Contact{}, err
	}
	if err := checkConversation(id); err != nil {
		return chat.Contact{}, err
	}
	contact, err = i.Store.AddContact(ctx, o.ID, id, contact)
	if err != nil {
		return chat.Contact{}, err
	}
	i.Wake()
	return contact, nil
}

// parse reads a snapshot that has to be of the conversation that the call names.
func parse(id string, body []byte) (chat.Snapshot, []byte, error) {
	if err := checkConversation(id); err != nil {
		return chat.Snapshot{}, nil, err
	}
	if len(body) > MaxBody {
		return chat.Snapshot{}, nil, fault.New(fault.Invalid, "body_too_large", fmt.Sprintf("the body has more than %d bytes", MaxBody))
	}
	snapshot, raw, err := chat.ParseSnapshot(body)
	if err != nil {
		return chat.Snapshot{}, nil, err
	}
	if snapshot.ID != id {
		return chat.Snapshot{}, nil, fault.New(fault.Invalid, "conversation_mismatch", "is not the conversation that the call is about").At("id")
	}
	return snapshot, raw, nil
}

func checkConversation(id string) error {
	if id == "" || len(id) > 255 {
		return fault.New(fault.Invalid, "invalid_field", "is missing or longer than 255 bytes").At("conversation")
	}
	return nil
}
