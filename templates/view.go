package templates

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
)

// Options is what a view needs beside the snapshot. Locale and Location are the
// organization's; a customer's own come first for what the customer reads. TicketID and
// TicketURL name the conversation's ticket, if there is one. Cover is an agent's covering
// note to whoever gets the transcript.
type Options struct {
	Brand               Brand
	Locale              string
	Location            *time.Location
	TicketID, TicketURL string
	Cover               string
	// ToOther is true where a customer's transcript goes to somebody else than the customer.
	ToOther bool
	// Agents is how customers get to know the organization's agents.
	Agents AgentPolicy
	// BodyLimit is how many bytes a transcript's HTML, and its text, may have at most before
	// it is cut between two messages, or inside a long one, and attached whole; 0 is no limit.
	BodyLimit int
	// Whole says how the whole goes with a mail that was cut.
	Whole Whole
	// Deliveries are what has become of the conversation so far; colleagues read of them.
	Deliveries []Delivery
	// Test marks a transcript as one that is sent to try it.
	Test bool
}

// CustomerView is all that a customer may see of a conversation.
type CustomerView struct {
	Brand    Brand
	Locale   string
	Location *time.Location
	// Number is the conversation's id, Ticket the ticket's, "" if there is none.
	Number, Ticket, Product string
	StartedAt, EndedAt      time.Time
	// Name is the customer's own; it may be empty.
	Name string
	// Agents are the names of those who took part, as far as the organization tells them,
	// each once. Unnamed is true when somebody took part whose name it does not.
	Agents  []string
	Unnamed bool
	Form    []Fact
	Entries []Entry
	// Cover is what the agent who sent this wrote to its reader; it may be empty.
	Cover string
	// ToOther is true where somebody else reads this: it greets nobody by the customer's
	// name, and calls nobody "you".
	ToOther bool
	// NoPDF is true where a PDF was to come along and could not.
	NoPDF     bool
	BodyLimit int
	Whole     Whole
	Test      bool
}

// Record is all of a conversation but its notes: what an internal ticket may hold.
type Record struct {
	Brand                   Brand
	Locale                  string
	Location                *time.Location
	Number, Ticket, Product string
	TicketURL               string
	Episode                 int
	Channel, Group          string
	StartedAt, EndedAt      time.Time
	EndedBy, Outcome        string
	User                    User
	Agents                  []Agent
	// Assigned is the name of the agent whose chat it is.
	Assigned string
	Form     []Fact
	Flags    []chat.Flag
	Entries  []Entry
	// Said is how many messages the chat has, though Entries may be its first part.
	Said int
}

// InternalView is everything.
type InternalView struct {
	Record
	// Notes are in order, each by an agent.
	Notes []Entry
	// Cover is what the agent who sent this wrote to its reader; it may be empty.
	Cover string
	// NoPDF is true where a PDF was to come along and could not.
	NoPDF      bool
	Deliveries []Delivery
	BodyLimit  int
	Whole      Whole
	Test       bool
}

// User is the person who chatted. ExternalIDs are in the order of their labels.
type User struct {
	ID, Name, Email, Phone string
	EmailVerified          bool
	Locale, Timezone       string
	ExternalIDs            []Fact
}

// Agent is a person who answered, as colleagues know them.
type Agent struct{ ID, Name, DisplayName, Email, Photo string }

func (a Agent) called() string { return cmp.Or(a.Name, a.DisplayName, line(a.ID)) }

// Fact is a label and its value. A value may have several lines. URL, if not empty, is
// a web address for the value.
type Fact struct{ Label, Value, URL string }

// Entry is one message or note: what happened, what was said, what was sent along.
// At is zero where the time is not known.
type Entry struct {
	At    time.Time
	By    Speaker
	Event *Event
	Text  string
	Files []File
}

// Speaker is somebody as this audience knows them. Kind is one of chat's authors, or
// empty for nobody; Name may be empty, and is shortened because it is repeated. Photo is
// an https address, "" if there is none to show.
type Speaker struct{ Kind, Name, Photo string }

// Event is what happened. Type is "transferred", "joined" or "left"; internally it may
// be any other word, while a customer sees "" for those.
type Event struct {
	Type     string
	From, To Speaker
}

// File is an attachment. URL is a web address; it is empty, and Unlinked true, when what
// came is no web address. Size is in bytes, 0 if not known.
//
// Who sends the view fills in what it finds out about the file: the Content-ID, without
// angle brackets, of an image that goes with the mail and is shown in its place (CID);
// that the file is attached to the mail (Attached); that nothing is behind its link any
// more (Expired). The entries of a view and their files stand in the order of the
// snapshot's messages and attachments.
type File struct {
	Name, URL string
	Unlinked  bool
	Size      int64
	CID       string
	Attached  bool
	Expired   bool
}

// linked reports whether the file is to be had by its link.
func (f File) linked() bool { return f.URL != "" && !f.Expired }

// ForCustomer projects a snapshot for the person who chatted.
func ForCustomer(s chat.Snapshot, o Options) CustomerView {
	c := customerCast(s, o.Agents)
	v := CustomerView{
		Brand: o.Brand, Locale: FirstSpoken(s.User.Locale, s.Locale, o.Locale), Location: customerLocation(s.Timezone, o.Location),
		Number: line(s.ID), Ticket: line(o.TicketID), Product: line(s.Product),
		StartedAt: s.StartedAt, EndedAt: s.EndedAt, Name: line(s.User.Name),
		Form: formFacts(s.Form), Entries: c.entries(s.Messages), Cover: block(o.Cover), ToOther: o.ToOther, BodyLimit: o.BodyLimit, Whole: o.Whole, Test: o.Test,
	}
	for _, a := range s.Agents {
		switch name := o.Agents.name(a.DisplayName); {
		case !c.seen[a.ID] || slices.Contains(v.Agents, name):
		case name == "":
			v.Unnamed = true
		default:
			v.Agents = append(v.Agents, name)
		}
	}
	return v
}

// ForInternal projects a snapshot for the organization's own people.
func ForInternal(s chat.Snapshot, o Options) InternalView {
	c := internalCast(s)
	v := InternalView{
		Record: Record{
			Brand: o.Brand, Locale: o.Locale, Location: location(o.Location),
			Number: line(s.ID), Ticket: line(o.TicketID), TicketURL: webURL(o.TicketURL), Product: line(s.Product),
			Episode: s.Episode, Channel: line(s.Channel), Group: line(s.Group),
			StartedAt: s.StartedAt, EndedAt: s.EndedAt, EndedBy: line(s.EndedBy), Outcome: line(s.Outcome),
			User: internalUser(s), Form: formFacts(s.Form), Entries: c.entries(s.Messages),
		},
		Notes: c.notes(s.Notes), Cover: block(o.Cover), Deliveries: o.Deliveries, BodyLimit: o.BodyLimit, Whole: o.Whole, Test: o.Test,
	}
	for _, a := range s.Agents {
		v.Agents = append(v.Agents, Agent{ID: a.ID, Name: line(a.Name), DisplayName: line(a.DisplayName), Email: line(a.Email), Photo: photoURL(a.PhotoURL)})
	}
	v.Said = said(v.Entries)
	if s.AssignedAgent != "" {
		v.Assigned = c.person(s.AssignedAgent).Name
	}
	for _, f := range s.Flags {
		v.Flags = append(v.Flags, chat.Flag{Code: line(f.Code), Source: line(f.Source), Reason: block(f.Reason), Evidence: block(f.Evidence)})
	}
	return v
}

func internalUser(s chat.Snapshot) User {
	u := User{
		ID: line(s.User.ID), Name: line(s.User.Name), Email: line(s.User.Email), Phone: line(s.User.Phone),
		EmailVerified: s.User.EmailVerified, Locale: line(cmp.Or(s.User.Locale, s.Locale)), Timezone: line(s.Timezone),
	}
	for system, id := range s.User.ExternalIDs {
		u.ExternalIDs = append(u.ExternalIDs, Fact{Label: line(system), Value: line(id)})
	}
	slices.SortFunc(u.ExternalIDs, func(a, b Fact) int {
		return strings.Compare(a.Label+"\x00"+a.Value, b.Label+"\x00"+b.Value)
	})
	return u
}

// customerLocation returns the customer's own time zone where the chat core knew it.
func customerLocation(name string, organization *time.Location) *time.Location {
	if name == "" || name == "Local" || organization != nil && name == organization.String() {
		return location(organization)
	}
	if own, err := time.LoadLocation(name); err == nil {
		return own
	}
	return location(organization)
}

func location(l *time.Location) *time.Location {
	if l == nil {
		return time.UTC
	}
	return l
}
