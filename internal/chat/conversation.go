// Package chat is the domain: conversations, messages, notes, flags, deliveries and
// links, and the rules that hold between them whatever database, queue or vendor is
// used. It imports the standard library and package fault alone.
//
// Snapshot is what a chat core sends; Delivery is one visible effect outside. The
// words are those of the wire contract.
package chat

import (
	"strings"
	"time"
)

// Snapshot is one episode of a conversation as the chat core sends it.
// Read one with ParseSnapshot, which checks and normalises it.
type Snapshot struct {
	ID            string    `json:"id"`
	Episode       int       `json:"episode,omitempty"`
	Channel       string    `json:"channel,omitempty"`
	Product       string    `json:"product,omitempty"`
	Group         string    `json:"group,omitempty"`
	Locale        string    `json:"locale,omitempty"`
	Timezone      string    `json:"timezone,omitempty"`
	StartedAt     time.Time `json:"started_at"`
	EndedAt       time.Time `json:"ended_at,omitzero"`
	EndedBy       string    `json:"ended_by,omitempty" enum:"agent,user,timeout"`
	Outcome       string    `json:"outcome,omitempty" enum:"resolved,unresolved,follow_up"`
	User          User      `json:"user,omitzero"`
	Agents        []Agent   `json:"agents,omitempty"`
	AssignedAgent string    `json:"assigned_agent,omitempty"`
	Messages      []Message `json:"messages" nullable:"false"`
	Notes         []Note    `json:"notes,omitempty"`
	Form          []Answer  `json:"form,omitempty"`
	Flags         []Flag    `json:"flags,omitempty"`
}

// User is the person who chatted. Email and Phone are kept as they came, good or not.
// Locale is the language (BCP 47) that the user reads, which the chat's may not be.
type User struct {
	ID            string            `json:"id,omitempty"`
	Name          string            `json:"name,omitempty"`
	Email         string            `json:"email,omitempty"`
	EmailVerified bool              `json:"email_verified,omitempty"`
	Phone         string            `json:"phone,omitempty"`
	Locale        string            `json:"locale,omitempty"`
	ExternalIDs   map[string]string `json:"external_ids,omitempty"`
}

// Agent is a person who answered. Name and Email are private: a customer sees
// DisplayName alone.
type Agent struct {
	ID          string `json:"id"`
	Name        string `json:"name,omitempty"`
	DisplayName string `json:"display_name,omitempty"`
	Email       string `json:"email,omitempty"`
	PhotoURL    string `json:"photo_url,omitempty"`
}

// Message is one entry of the conversation: a text, an event, or both empty.
type Message struct {
	ID          string       `json:"id"`
	At          time.Time    `json:"at"`
	Author      Author       `json:"author"`
	Text        string       `json:"text,omitempty"`
	Event       *Event       `json:"event,omitempty"`
	Attachments []Attachment `json:"attachments,omitempty"`
}

// Author says who wrote a message. Kind is one of AuthorUser, AuthorAgent,
// AuthorAssistant and AuthorSystem.
type Author struct {
	Kind string `json:"kind" enum:"user,agent,assistant,system"`
	ID   string `json:"id,omitempty"`
}

// The kinds of authors.
const (
	AuthorUser      = "user"
	AuthorAgent     = "agent"
	AuthorAssistant = "assistant"
	AuthorSystem    = "system"
)

// Event is something that happened in the chat, as {"type":"transferred","from","to"}.
type Event struct {
	Type string `json:"type"`
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// Attachment is a file that was sent in the chat. Size is in bytes; URL is anybody's
// and must only be fetched through a guarded client.
type Attachment struct {
	ID          string `json:"id,omitempty"`
	Name        string `json:"name,omitempty"`
	ContentType string `json:"content_type,omitempty"`
	Size        int64  `json:"size,omitempty"`
	URL         string `json:"url,omitempty"`
}

// Note is what an agent wrote for colleagues; no customer ever sees one. Episode is
// only set where a note comes alone (POST …/notes).
type Note struct {
	ID      string    `json:"id"`
	Episode int       `json:"episode,omitempty"`
	At      time.Time `json:"at,omitzero"`
	Agent   string    `json:"agent,omitempty"`
	Text    string    `json:"text,omitempty"`
}

// Answer is one answer of a form.
type Answer struct {
	Key   string `json:"key"`
	Label string `json:"label,omitempty"`
	Value string `json:"value,omitempty"`
}

// Flag marks a conversation, as health_and_safety. Source is "agent", "assistant" or
// "rule"; Evidence is the text that a rule matched.
type Flag struct {
	Code     string `json:"code"`
	Source   string `json:"source,omitempty"`
	Reason   string `json:"reason,omitempty"`
	Evidence string `json:"evidence,omitempty"`
}

// Contact is what the assistant asked after the chat.
type Contact struct {
	ID      string   `json:"id"`
	Episode int      `json:"episode,omitempty"`
	Name    string   `json:"name,omitempty"`
	Email   string   `json:"email,omitempty"`
	Phone   string   `json:"phone,omitempty"`
	Answers []Answer `json:"answers,omitempty"`
}

// Apply returns the snapshot with the contact's data put where the user left them
// open, and its answers after the form's. An address that is no good takes the place of
// no good one; good tells which are.
func (c Contact) Apply(s Snapshot, good func(address string) bool) Snapshot {
	if c.Name != "" && s.User.Name == "" {
		s.User.Name = c.Name
	}
	if c.Email != "" && (good(strings.TrimSpace(c.Email)) || !good(strings.TrimSpace(s.User.Email))) {
		s.User.Email, s.User.EmailVerified = c.Email, false
	}
	if c.Phone != "" {
		s.User.Phone = c.Phone
	}
	s.Form = append(s.Form[:len(s.Form):len(s.Form)], c.Answers...)
	return s
}

// Conversation is one episode together with what the plan has to know of the
// conversation's past.
type Conversation struct {
	Organization string
	Snapshot     Snapshot
	// Ticket is the conversation's ticket, nil if there is none yet.
	Ticket *TicketRef
	// AwaitedDesk is the desk at which an earlier episode's ticket is still being filed,
	// empty if there is no such thing.
	AwaitedDesk string
}

// TicketRef says where a conversation's ticket is.
type TicketRef struct {
	Desk string `json:"desk"`
	Ref
}

// Ref names a thing on the other side.
type Ref struct {
	ID  string `json:"id"`
	URL string `json:"url,omitempty"`
}

// PriorTicket is an earlier ticket of the same user, as the details pane shows it.
// MatchedBy says what found it: external_id, email or phone.
type PriorTicket struct {
	ID        string    `json:"id"`
	Subject   string    `json:"subject"`
	Status    string    `json:"status"`
	Priority  string    `json:"priority"`
	URL       string    `json:"url"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	MatchedBy string    `json:"matched_by"`
}

// Audience is who will read: it decides what is rendered.
type Audience string

// The audiences.
const (
	Customer Audience = "customer"
	Internal Audience = "internal"
)
