// Package connectors says what a connector is: a handful of small interfaces, of which
// each connector takes up those that its vendor can do, plus Traits, which say what can
// be promised about them. Account (account.go) wraps a connector and adds what all of
// them share; workers only ever see an Account.
//
// Adding a system: one folder here, one line in package all, and the suite of package
// connectortest run against it.
package connectors

import (
	"context"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
)

// Ticketer files tickets. FindTicket finds one by the key it was created with and
// returns a fault of kind NotFound when there is none. A ticket's URL begins as the
// account's base_url does, or that is left empty: see Account.Holds.
type Ticketer interface {
	CreateTicket(ctx context.Context, t Ticket) (chat.Ref, error)
	FindTicket(ctx context.Context, key chat.Key) (chat.Ref, error)
}

// Commenter adds to a ticket. AddComment returns a fault of kind Conflict when the
// ticket is closed for good, and NotFound when it is gone. FindComment looks for a
// comment by its key and returns NotFound when there is none.
type Commenter interface {
	AddComment(ctx context.Context, ticket chat.Ref, c Comment) (chat.Ref, error)
	FindComment(ctx context.Context, ticket chat.Ref, key chat.Key) (chat.Ref, error)
}

// Historian lists a person's tickets, the most recently updated first.
type Historian interface {
	TicketsOf(ctx context.Context, p Person, limit int) ([]chat.PriorTicket, error)
}

// Amender sets who a ticket is from. The same again changes nothing.
type Amender interface {
	SetRequester(ctx context.Context, ticket chat.Ref, p Person) error
}

// Sender sends one message to one recipient.
type Sender interface {
	Send(ctx context.Context, m Outgoing) (chat.Ref, error)
}

// SentFinder finds a message that was sent, by what is unique in it; NotFound if none.
type SentFinder interface {
	FindSent(ctx context.Context, m Outgoing) (chat.Ref, error)
}

// Prober signs in and reads, and changes nothing.
type Prober interface {
	Probe(ctx context.Context) error
}

// Router looks, and changes nothing, whether the desk has what a rule's tickets name. A
// fault in missing is about one thing that it does not have: it names "group" or
// "fields.<name>". The error says that it could not be looked up.
type Router interface {
	CheckRoute(ctx context.Context, group string, fields []string) (missing []error, err error)
}

// Connector is what every connector is at least. Everything else it can do is one of
// the interfaces above.
type Connector interface {
	Traits() Traits
}

// Person is somebody at the other side. ExternalID is that system's own id of them, if
// the chat core knew it.
type Person struct {
	Name       string
	Email      string
	Phone      string
	ExternalID string
}

// Ticket is a ticket to create. Body is plain text in UTF-8.
type Ticket struct {
	Key       chat.Key
	Subject   string
	Body      string
	Public    bool // may the requester read Body?
	Requester Person
	Group     string
	Priority  string // low, normal, high, urgent or empty
	Tags      []string
	Fields    map[string]string
	Files     []File
	// Quiet keeps the requester from being written to about a ticket with an internal body.
	Quiet bool
	// FollowUpOf is the closed ticket that this one continues, if any.
	FollowUpOf *chat.Ref
}

// Comment is an addition to a ticket. Body is plain text in UTF-8.
type Comment struct {
	Key    chat.Key
	Body   string
	Public bool
	Files  []File
}

// File is a file to attach.
type File struct {
	Name        string
	ContentType string
	Content     []byte
	// ContentID makes a mail's file part of its HTML, which shows it by "cid:" and this
	// (RFC 2392): an id as "logo@acme.example", without angle brackets. Everywhere else,
	// and in a mail without HTML, the file is an ordinary one.
	ContentID string
}

// Outgoing is one message to one recipient. An SMS uses To and Text alone.
type Outgoing struct {
	Key    chat.Key
	To     string // an address, or a number in E.164
	ToName string
	// ReplyTo takes answers, as "Name <address>" or an address alone; empty means what
	// the account has for that.
	ReplyTo string
	Subject string
	Text    string
	HTML    string
	Files   []File
	// Thread names the conversation, so that mail clients group its episodes, and Earlier
	// are the references of the messages before this one to the same recipient, oldest first.
	Thread  string
	Earlier []string
	// Unique is a piece of Text that no other message has (a link): FindSent looks for it.
	Unique string
	// Since is when the first try began: FindSent need not look further back.
	Since time.Time
	// StatusURL takes delivery receipts; may be empty.
	StatusURL string
	// BounceTag proves a bounce to be about this message; may be empty. A mail has it in its
	// Message-ID and its return path. See BounceMark.
	BounceTag string
}

// PromiseKind is what a vendor can promise when the same is asked twice.
type PromiseKind uint8

// The promises. See the design's invariant 4.
const (
	// BlindKind: nothing can be looked up; an unknown outcome is parked.
	BlindKind PromiseKind = iota
	// SearchableKind: what was made can be found, after Lag.
	SearchableKind
	// IdempotentKind: the same key within Window makes one; later it can be found.
	IdempotentKind
)

// Promise is what holds for one ability of a connector.
type Promise struct {
	Kind   PromiseKind
	Window time.Duration // of IdempotentKind
	Lag    time.Duration // how old a thing has to be before a search surely shows it
}

// Idempotent promises that the same key within the window makes one effect, and that
// later a search finds it after the lag.
func Idempotent(window, lag time.Duration) Promise {
	return Promise{Kind: IdempotentKind, Window: window, Lag: lag}
}

// Searchable promises that a search finds what was made, after the lag.
func Searchable(lag time.Duration) Promise { return Promise{Kind: SearchableKind, Lag: lag} }

// Blind promises nothing.
func Blind() Promise { return Promise{} }

// Traits say what a connector can promise and where its limits are. A zero limit means
// that there is none.
type Traits struct {
	Create  Promise // CreateTicket
	Comment Promise // AddComment
	Send    Promise // Send

	PrivateComments bool          // can a comment be hidden from the requester?
	Files           bool          // can tickets and comments carry files?
	MaxBody         int           // of a body, in bytes of UTF-8
	MaxFile         int           // of one file, in bytes
	Timeout         time.Duration // of one whole call, several requests included
	AtOnce          int           // calls that can be under way; 0: the vendor names no number
	Rate            Rate          // what the vendor allows this account
	DomainRate      Rate          // what one recipient domain is sent at most
}

// Rate is a token bucket: PerSecond tokens a second, at most Burst saved up.
type Rate struct {
	PerSecond float64 `yaml:"per_second" validate:"gte=0" json:"per_second,omitempty"`
	Burst     int     `yaml:"burst" validate:"gte=0" json:"burst,omitempty"`
}

// Secret is a configured secret. It prints as "•••" whatever is done to print it; only
// Reveal gives it away.
type Secret string

// String hides the secret.
func (Secret) String() string { return "•••" }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return "•••" }

// MarshalText hides the secret from JSON, YAML and slog.
func (Secret) MarshalText() ([]byte, error) { return []byte("•••"), nil }

// Reveal returns the secret, to be handed to the other side and nowhere else.
func (s Secret) Reveal() string { return string(s) }
