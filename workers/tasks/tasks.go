// Package tasks has what a chat core written in Go needs to hand work to Afterchat
// over asynq: the task types, their payloads and constructors. It imports asynq alone.
//
// A chat core in another language enqueues the same JSON on the queue "intake".
package tasks

import (
	"encoding/json"
	"fmt"

	"github.com/hibiken/asynq"
)

// Queues. A chat core only ever writes to QueueIntake; the others are Afterchat's own.
const (
	QueueIntake     = "intake"
	QueueDeliveries = "deliveries"
	QueueBackground = "background"
)

// Types of the tasks that a chat core enqueues.
const (
	TypeChatOpened  = "chat:opened"
	TypeChatEnded   = "chat:ended"
	TypeChatNote    = "chat:note"
	TypeChatContact = "chat:contact"
	TypeLinkCreate  = "link:create"
)

// Types of the tasks that Afterchat makes for itself: "deliver:" plus the action, and
// the fetching of prior tickets.
const (
	TypeFileTicket      = "deliver:file_ticket"
	TypeAttachNotes     = "deliver:attach_notes"
	TypeAmendTicket     = "deliver:amend_ticket"
	TypeEmailTranscript = "deliver:email_transcript"
	TypeSendLink        = "deliver:send_link"
	TypeTicketsFetch    = "tickets:fetch"
)

// IdempotencyKey is the header of a TypeLinkCreate task that a sender repeats: tasks with
// the same key and body make one link. Without it, one task id makes one link; but asynq
// refuses a task whose id it still has, for minutes after a worker was killed.
const IdempotencyKey = "Idempotency-Key"

// MaxPayload is the largest payload, in bytes, of a chat core's task (1 MiB). Larger
// chats go by HTTP.
const MaxPayload = 1 << 20

// Delivery is the payload of a "deliver:" task: ids and nothing else. Account is the
// name of a desk, "mail" or "sms".
type Delivery struct {
	Delivery     string `json:"delivery"`
	Organization string `json:"organization"`
	Account      string `json:"account"`
}

// Fetch is the payload of TypeTicketsFetch.
type Fetch struct {
	Organization string `json:"organization"`
	Conversation string `json:"conversation"`
}

// NewChat returns a task of one of the chat core's types. The body is the HTTP body of
// the same call; organization and conversation are put beside its fields. Conversation
// may be empty for TypeLinkCreate.
func NewChat(taskType, organization, conversation string, body any) (*asynq.Task, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encoding the body of %s: %w", taskType, err)
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, fmt.Errorf("the body of %s is not a JSON object: %w", taskType, err)
	}
	if fields["organization"], err = json.Marshal(organization); err != nil {
		return nil, fmt.Errorf("encoding the organization of %s: %w", taskType, err)
	}
	if conversation != "" {
		if fields["conversation"], err = json.Marshal(conversation); err != nil {
			return nil, fmt.Errorf("encoding the conversation of %s: %w", taskType, err)
		}
	}
	payload, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("encoding %s: %w", taskType, err)
	}
	if len(payload) > MaxPayload {
		return nil, fmt.Errorf("%s has %d bytes, more than the %d that a task may have: send it by HTTP", taskType, len(payload), MaxPayload)
	}
	return asynq.NewTask(taskType, payload, asynq.Queue(QueueIntake)), nil
}
