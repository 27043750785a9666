package chat

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/afterchat/afterchat/internal/fault"
)

// Action is what a delivery does outside.
type Action string

// The actions of the contract.
const (
	FileTicket      Action = "file_ticket"
	AttachNotes     Action = "attach_notes"
	AmendTicket     Action = "amend_ticket"
	EmailTranscript Action = "email_transcript"
	SendLink        Action = "send_link"
)

// State is where a delivery stands.
type State string

// The states of the contract.
const (
	Pending    State = "pending"
	Calling    State = "calling"
	Delivered  State = "delivered"
	Failed     State = "failed"
	Unknown    State = "unknown"
	Suppressed State = "suppressed"
	Cancelled  State = "cancelled"
)

// Hold is why a pending delivery waits; empty when nothing but time holds it.
type Hold string

// The holds of the contract.
const (
	HeldByDependency    Hold = "dependency"
	HeldBySettle        Hold = "settle"
	HeldByContact       Hold = "contact"
	HeldByRateLimit     Hold = "rate_limit"
	HeldByAccountPaused Hold = "account_paused"
	HeldByNotConfigured Hold = "not_configured"
)

// Key identifies one visible effect, for ever: the first 128 bits of a SHA-256 over
// what the effect is, and over nothing of today's configuration. It is the delivery's
// id and travels to the other side wherever that side can hold it.
type Key [16]byte

// NewKey derives the key of an effect. Parts are length-prefixed, so that no two
// different lists of parts collide.
func NewKey(organization, conversation string, episode int, action Action, discriminator string) Key {
	h := sha256.New()
	for _, part := range []string{organization, conversation, fmt.Sprint(episode), string(action), discriminator} {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		h.Write(n[:])
		h.Write([]byte(part))
	}
	var k Key
	copy(k[:], h.Sum(nil))
	return k
}

// ParseKey reads the 32 hexadecimal digits that String writes.
func ParseKey(s string) (Key, error) {
	var k Key
	if len(s) != 2*len(k) {
		return k, fault.New(fault.Invalid, "invalid_id", "a delivery's id has 32 hexadecimal digits")
	}
	if _, err := hex.Decode(k[:], []byte(s)); err != nil {
		return k, fault.New(fault.Invalid, "invalid_id", "a delivery's id has 32 hexadecimal digits")
	}
	return k, nil
}

// String returns 32 lower-case hexadecimal digits.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// Marker returns the text that marks an effect on the other side where nothing better
// can hold the key.
func (k Key) Marker() string { return "afterchat:" + k.String() }

// MarshalText writes the key as String does.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (k *Key) UnmarshalText(text []byte) error {
	parsed, err := ParseKey(string(text))
	*k = parsed
	return err
}

// Params is what an action needs beside the conversation. It is kept in PostgreSQL
// alone; an address never leaves it for the queue, a log or an error.
type Params struct {
	// Audience of a transcript or of a ticket's text.
	Audience Audience `json:"audience,omitempty"`
	// To is a transcript's or a link's recipient; empty means the conversation's user.
	To string `json:"to,omitempty"`
	// ToOther is true where a transcript's recipient is somebody else than the user.
	ToOther bool `json:"to_other,omitempty"`
	// Note is the id of a late note (attach_notes).
	Note string `json:"note,omitempty"`
	// Contact is the id of a late contact (amend_ticket).
	Contact string `json:"contact,omitempty"`
	// Link is the id of a link and Channel "sms" or "email" (send_link).
	Link    string `json:"link,omitempty"`
	Channel string `json:"channel,omitempty"`
	// PDF attaches the transcript as pages, too.
	PDF bool `json:"pdf,omitempty"`
	// Asked is true for a transcript that an agent asked for, and Cover its covering note.
	Asked bool   `json:"asked,omitempty"`
	Cover string `json:"cover,omitempty"`
	// Routing of a ticket, resolved from the rule when the plan was made.
	Group    string            `json:"group,omitempty"`
	Priority string            `json:"priority,omitempty"`
	Tags     []string          `json:"tags,omitempty"`
	Fields   map[string]string `json:"fields,omitempty"`
	// FollowUp is the id of the closed ticket that this one follows (file_ticket).
	FollowUp string `json:"follow_up,omitempty"`
	// Gone is true where that ticket was not there any more.
	Gone bool `json:"gone,omitempty"`
	// Rule says why the delivery was planned, for people ("tickets[0]").
	Rule string `json:"rule,omitempty"`
	// Trace is the traceparent of the call that the delivery was planned by, if it had one.
	Trace string `json:"trace,omitempty"`
}

// Delivery is one visible effect outside, and how far it has come. Its methods in
// ledger.go are the only way in which it moves.
type Delivery struct {
	ID           Key
	Organization string
	Conversation string
	Episode      int
	Action       Action
	// Target is the account: a desk's name, AccountMail or AccountSMS.
	Target string
	Params Params
	// DependsOn is the delivery whose result this one waits for; zero if none.
	DependsOn Key
	// Delay is, in a plan, how long after the commit the delivery becomes due; Never
	// when something else has to happen first.
	Delay time.Duration

	State State
	Hold  Hold
	// DueAt is when a pending delivery may be tried; zero when something else has to
	// happen first.
	DueAt time.Time
	// WaitingSince is when it last became free to be tried; its age counts from there.
	WaitingSince time.Time
	// LookFirst is true when an earlier call may have happened.
	LookFirst bool
	// Fence numbers the calls; LeaseUntil is when the current one has to be over.
	Fence      int64
	LeaseUntil time.Time
	// FirstCallAt is when the first call began, and LastCallAt when the last one began, or,
	// if it is known not to have worked, ended.
	FirstCallAt time.Time
	LastCallAt  time.Time
	// Identity is the account that the last call went to.
	Identity string
	Attempts int

	Ref       Ref
	Receipt   string
	Error     string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Planned reports whether the end of the episode planned this, and not what came by
// itself: a late note or contact, a closed ticket, a link, or an agent who asked.
func (d Delivery) Planned() bool {
	p := d.Params
	return p.Note == "" && p.Contact == "" && p.FollowUp == "" && p.Link == "" && !p.Asked
}

// Reader is for whom a transcript is; "" of any other delivery.
func (d Delivery) Reader() Audience {
	if d.Action != EmailTranscript {
		return ""
	}
	return d.Params.Audience
}

// Never is the Delay of a delivery that waits for something other than time.
const Never time.Duration = -1

// EndNotes is the discriminator of the notes that an episode ended with.
const EndNotes = "end"

// The targets that are not desks.
const (
	AccountMail = "mail"
	AccountSMS  = "sms"
)

// Final reports whether nothing more will happen by itself.
func (s State) Final() bool {
	switch s {
	case Delivered, Failed, Unknown, Suppressed, Cancelled:
		return true
	case Pending, Calling:
		return false
	}
	return false
}

// Attempt is one try at a delivery, as the timeline shows it.
type Attempt struct {
	At       time.Time
	Outcome  string
	Error    string
	Duration time.Duration
}

// MarshalJSON writes {"at","outcome","error","duration_ms"}.
func (a Attempt) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		At       time.Time `json:"at"`
		Outcome  string    `json:"outcome"`
		Error    *string   `json:"error"`
		Duration int64     `json:"duration_ms"`
	}{a.At, a.Outcome, nonEmpty(a.Error), a.Duration.Milliseconds()})
}

func nonEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
