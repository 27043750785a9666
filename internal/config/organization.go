package config

import (
	"reflect"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
)

// Organization is one tenant.
type Organization struct {
	// ID is the key under which the organization stands, or its file's base name.
	ID          string                         `yaml:"-"`
	Name        string                         `yaml:"name" validate:"required" jsonschema_description:"The name that users read."`
	APIKeys     []connectors.Secret            `yaml:"api_keys" jsonschema_description:"Keys of the HTTP door. No key may be used twice, not by another organization either."`
	Locale      string                         `yaml:"locale" validate:"bcp47_language_tag" jsonschema_description:"Language (BCP 47) where a chat names none. Default en."`
	Timezone    string                         `yaml:"timezone" validate:"timezone" jsonschema_description:"Time zone (IANA, as Europe/Stockholm) where a chat names none. Default UTC."`
	Region      string                         `yaml:"region" validate:"omitempty,iso3166_1_alpha2" jsonschema_description:"Country (ISO 3166-1, two capital letters) in which a phone number without a country code is read."`
	Brand       Brand                          `yaml:"brand" jsonschema_description:"How mails and pages look."`
	Agents      Agents                         `yaml:"agents" jsonschema_description:"How users get to know agents."`
	Templates   Folder                         `yaml:"templates" jsonschema_description:"Folder, relative to this file, of the organization's own templates, each named as the built-in one that it replaces (afterchat templates lists them). Default: none."`
	Settle      Duration                       `yaml:"settle" jsonschema_description:"How long after the end a note still counts as part of the chat. Default 0s."`
	ContactWait Duration                       `yaml:"contact_wait" jsonschema_description:"How long a ticket waits for contact data when the chat is unresolved and nobody can be reached. Default 30m."`
	Desks       map[string]connectors.Settings `yaml:"desks" validate:"dive,required" jsonschema_description:"Accounts in help desks and CRMs by name."`
	Mail        *Mail                          `yaml:"mail" jsonschema_description:"The account that mails are sent with."`
	SMS         connectors.Settings            `yaml:"sms" jsonschema_description:"The account that text messages are sent with."`
	Tickets     []TicketRule                   `yaml:"tickets" validate:"dive" jsonschema_description:"When to file a ticket, and where: the first rule that matches; none matches, no ticket."`
	Transcripts []TranscriptRule               `yaml:"transcripts" validate:"dive" jsonschema_description:"Who gets a transcript by mail: every rule that matches."`
	Flags       []FlagRule                     `yaml:"flags" validate:"dive" jsonschema_description:"Which words of a user flag a chat, and what a flag changes."`
	Links       *Links                         `yaml:"links" jsonschema_description:"Conversation links; without it there are none."`

	// location is Timezone, read once: finding a zone costs more than rendering a message.
	location *time.Location
}

// Location returns the organization's time zone, which Load has found; UTC for one that
// was not loaded.
func (o *Organization) Location() *time.Location {
	if o.location == nil {
		return time.UTC
	}
	return o.location
}

// Brand is how an organization's mails and pages look.
type Brand struct {
	LogoURL string `yaml:"logo_url" validate:"omitempty,http_url" jsonschema_description:"URL of a logo; may be empty. A PDF shows it only from https at a public address, as PNG, JPEG, GIF or WebP; otherwise the name."`
	Color   string `yaml:"color" validate:"omitempty,hexcolor" jsonschema_description:"Accent colour, as #0a7d55."`
	Website string `yaml:"website" validate:"omitempty,http_url" jsonschema_description:"URL of the organization's site; may be empty."`
}

// Agents is how an organization lets users know its agents. A user never sees an agent's
// private name or address.
type Agents struct {
	Names  string `yaml:"names" validate:"oneof=full first support" jsonschema_description:"What users see of an agent's display name: all of it (full), its first word (first), or only that it is the support (support, which shows no photo either). Default full."`
	Photos bool   `yaml:"photos" jsonschema_description:"Whether users see agents' photos. Default true."`
}

// Mail is the account that mails are sent with. SMTP holds the settings of kind smtp,
// with everything else here put into them, of the bounces the return path.
type Mail struct {
	From    string `yaml:"from" validate:"required,mailbox" jsonschema_description:"Who mails come from, as Acme Support <support@acme.example>."`
	ReplyTo string `yaml:"reply_to" validate:"omitempty,mailbox" jsonschema_description:"Where answers go. Default: from."`
	// BodyLimit is in bytes of each form of a mail's body.
	BodyLimit Size                 `yaml:"body_limit" jsonschema_description:"How long a transcript's HTML, or its text, may be; a longer one has its first part in the mail and the whole attached. 0: no limit. Default 100KB, for Gmail folds a mail that is longer."`
	DKIM      []connectors.DKIMKey `yaml:"dkim" validate:"dive" jsonschema_description:"Keys that sign every mail (DKIM); two for one domain, RSA and Ed25519, sign it twice."`
	SMTP      connectors.Settings  `yaml:"smtp,kind=smtp" validate:"required" jsonschema_description:"The server that takes the mail."`
	Bounces   *Bounces             `yaml:"bounces" jsonschema_description:"Where bounces and complaints come in; without it nobody takes them."`
	// Attachments are the chat's files, not ours.
	Attachments Attachments `yaml:"attachments" jsonschema_description:"Which of a chat's files go with its mails; the others are linked."`
}

// The values of Bounces.Protocol.
const (
	ProtocolLMTP = "lmtp"
	ProtocolSMTP = "smtp"
)

// Bounces says where an organization's bounces and complaints come in.
type Bounces struct {
	Listen     string            `yaml:"listen" jsonschema_description:"Where a mail server hands bounces over, host:port. Organizations may share it. Without it only the webhook takes them."`
	Protocol   string            `yaml:"protocol" validate:"oneof=lmtp smtp" jsonschema_description:"What is spoken at listen. Default lmtp."`
	ReturnPath string            `yaml:"return_path" validate:"required_with=Listen,omitempty,return_path" jsonschema_description:"The address that bounces go to, as bounces@acme.example; each mail gets one of its own made from it, as bounces+…@acme.example. Without it bounces go to from."`
	Secret     connectors.Secret `yaml:"secret" validate:"required_without=Listen,omitempty,door_key" jsonschema_description:"Opens the webhook /webhooks/mail/<organization>/bounce; 16 bytes or more. Without it the webhook is closed."`
}

// completeAccount puts into the account's settings what the contract writes beside them.
func (m *Mail) completeAccount() {
	if m.SMTP == nil {
		return
	}
	values := map[string]any{"type": smtpKind, "from": m.From, "reply_to": m.ReplyTo, "dkim": m.DKIM}
	if m.Bounces != nil {
		values["return_path"] = m.Bounces.ReturnPath
	}
	v := reflect.ValueOf(m.SMTP).Elem()
	for _, f := range fieldsOf(v.Type()) {
		if value, ok := values[f.name]; ok && f.typ == reflect.TypeOf(value) {
			v.FieldByIndex(f.index).Set(reflect.ValueOf(value))
		}
	}
}

// TicketRule says when a ticket is filed and where it goes.
type TicketRule struct {
	When     When              `yaml:"when" jsonschema_description:"Which chats. Without it: every chat."`
	Desk     string            `yaml:"desk" validate:"required" jsonschema_description:"Name of the desk."`
	Group    string            `yaml:"group" jsonschema_description:"Group or queue at the desk, in its own words."`
	Priority string            `yaml:"priority" validate:"omitempty,oneof=low normal high urgent" jsonschema_description:"Mapped per desk. Without it the desk decides."`
	Tags     []string          `yaml:"tags" validate:"dive,required" jsonschema_description:"Tags of the ticket."`
	Body     chat.Audience     `yaml:"body" validate:"oneof=customer internal" jsonschema_description:"Who may read the ticket's first text. Default internal."`
	Fields   map[string]string `yaml:"fields" jsonschema_description:"The desk's own fields by id; values are templates over .Form, .Conversation, .Product, .Channel and .Locale, as {{ .Form.order_id }}."`
}

// TranscriptRule says who gets a transcript.
type TranscriptRule struct {
	When     When          `yaml:"when" jsonschema_description:"Which chats. Without it: every chat."`
	To       string        `yaml:"to" validate:"required,recipient" jsonschema_description:"user, or an address."`
	Audience chat.Audience `yaml:"audience" validate:"oneof=customer internal" jsonschema_description:"What the transcript shows. Default customer; the user never gets internal."`
	PDF      bool          `yaml:"pdf" jsonschema_description:"Attach the transcript as a PDF, too. Default false."`
	// WaitForTicket is how long the transcript waits for the ticket's number at most.
	WaitForTicket Duration `yaml:"wait_for_ticket" jsonschema_description:"Wait for the ticket's number, at most so long. Default 0s: do not wait."`
}

// FlagRule says which words flag a chat and what the flag changes.
type FlagRule struct {
	Code string `yaml:"code" validate:"required" jsonschema_description:"The flag's code."`
	// Words are looked for in what the user wrote, by language.
	Words       map[string][]string `yaml:"words" validate:"dive,keys,bcp47_language_tag,endkeys,required,dive,required" jsonschema_description:"Words that set the flag, by language. Without it only people and the assistant set it."`
	Priority    string              `yaml:"priority" validate:"omitempty,oneof=low normal high urgent" jsonschema_description:"Priority of a flagged chat's ticket."`
	ForceTicket bool                `yaml:"force_ticket" jsonschema_description:"File a ticket even where no rule matches."`
	Desk        string              `yaml:"desk" validate:"required_if=ForceTicket true" jsonschema_description:"Desk of a flagged chat's ticket."`
}

// Links are an organization's conversation links.
type Links struct {
	Target string            `yaml:"target" validate:"required,http_url" jsonschema_description:"Where a redeemed link leads, with ?grant= added."`
	Secret connectors.Secret `yaml:"secret" validate:"required,signing_key" jsonschema_description:"Signs grants; shared with the chat core; 32 bytes or more."`
	TTL    Duration          `yaml:"ttl" validate:"gt=0" jsonschema_description:"How long a link works. Default 168h."`
}

func (o *Organization) setDefaults() {
	o.Locale, o.Timezone = "en", "UTC"
	o.ContactWait = Duration(30 * time.Minute)
	o.Agents.setDefaults()
}

func (a *Agents) setDefaults() { a.Names, a.Photos = "full", true }

func (m *Mail) setDefaults() {
	m.BodyLimit = 100 << 10 // what is a little longer, Gmail folds
	m.Attachments.setDefaults()
}

func (t *TicketRule) setDefaults() { t.Body = chat.Internal }

func (t *TranscriptRule) setDefaults() { t.Audience = chat.Customer }

func (b *Bounces) setDefaults() { b.Protocol = ProtocolLMTP }

func (l *Links) setDefaults() { l.TTL = Duration(7 * day) }
