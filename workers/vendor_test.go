package workers_test

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

// vendor is a help desk, mail server and phone company in one, in memory. It keeps what
// it is given, finds it again by its key, and makes one of what comes twice within the
// window if its traits promise that.
type vendor struct {
	base   string // where its things have their pages; empty: they have none
	traits connectors.Traits

	mu      sync.Mutex
	made    []thing
	looks   int
	calls   int
	mishaps []mishap        // what goes wrong at the next calls that have an effect
	blind   error           // what the next looks say instead
	closed  map[string]bool // the tickets that take no comments any more
	gone    bool            // somebody deleted all tickets
	most    int             // bytes of files that a message may have; 0: any

	slow  time.Duration // how long it takes to send
	hurry chan struct{} // closed: it takes no longer
	ended time.Duration // after how long the last sending was broken off
}

// thing is a ticket, a comment or a message.
type thing struct {
	key       chat.Key
	what      string // ticket, comment or message
	ref       chat.Ref
	on        string // a comment's ticket
	text      string
	files     []connectors.File
	replyTo   string
	public    bool
	requester string
	quiet     bool
	followUp  *chat.Ref
	group     string
	fields    map[string]string
}

// mishap is one call that goes wrong, after it had its effect or before.
type mishap struct {
	happens bool
	err     error
}

func (v *vendor) Traits() connectors.Traits { return v.traits }

func (v *vendor) CreateTicket(_ context.Context, t connectors.Ticket) (chat.Ref, error) {
	v.mu.Lock()
	follows := t.FollowUpOf == nil || v.closed[t.FollowUpOf.ID] // as Zendesk has it
	v.mu.Unlock()
	if !follows {
		return chat.Ref{}, fault.New(fault.Invalid, "RecordInvalid", "only a closed ticket can be followed up")
	}
	return v.make(v.traits.Create, thing{key: t.Key, what: "ticket", text: t.Subject + "\n" + t.Body, public: t.Public, requester: t.Requester.Email, followUp: t.FollowUpOf, quiet: t.Quiet, group: t.Group, fields: t.Fields})
}

func (v *vendor) TicketsOf(context.Context, connectors.Person, int) ([]chat.PriorTicket, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.looks++
	return nil, nil
}

func (v *vendor) FindTicket(_ context.Context, key chat.Key) (chat.Ref, error) {
	return v.find("ticket", key)
}

func (v *vendor) AddComment(_ context.Context, ticket chat.Ref, c connectors.Comment) (chat.Ref, error) {
	v.mu.Lock()
	closed, gone := v.closed[ticket.ID], v.gone
	v.mu.Unlock()
	switch {
	case closed:
		return chat.Ref{}, fault.New(fault.Conflict, "closed", "the ticket is closed for good")
	case gone:
		return chat.Ref{}, fault.New(fault.NotFound, "not_found", "there is no such ticket")
	}
	return v.make(v.traits.Comment, thing{key: c.Key, what: "comment", on: ticket.ID, text: c.Body, public: c.Public})
}

func (v *vendor) FindComment(_ context.Context, _ chat.Ref, key chat.Key) (chat.Ref, error) {
	return v.find("comment", key)
}

func (v *vendor) Send(ctx context.Context, m connectors.Outgoing) (chat.Ref, error) {
	began := time.Now()
	select {
	case <-time.After(v.slow):
	case <-v.hurry:
	case <-ctx.Done():
		v.mu.Lock()
		defer v.mu.Unlock()
		v.calls, v.ended = v.calls+1, time.Since(began)
		return chat.Ref{}, fault.Wrap(fault.Ambiguous, "timeout", "", ctx.Err())
	}
	size := 0
	for _, f := range m.Files {
		size += len(f.Content)
	}
	if v.most > 0 && size > v.most {
		return chat.Ref{}, fault.New(fault.Invalid, "5.3.4", "too large")
	}
	return v.make(v.traits.Send, thing{key: m.Key, what: "message", on: m.To, replyTo: m.ReplyTo, text: m.Subject + "\n" + m.Text + m.HTML, files: m.Files, public: true})
}

func (v *vendor) FindSent(_ context.Context, m connectors.Outgoing) (chat.Ref, error) {
	return v.find("message", m.Key)
}

func (v *vendor) make(p connectors.Promise, x thing) (chat.Ref, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.calls++
	var m mishap
	if len(v.mishaps) > 0 {
		m, v.mishaps = v.mishaps[0], v.mishaps[1:]
	}
	if m.err != nil && !m.happens {
		return chat.Ref{}, m.err
	}
	if p.Kind == connectors.IdempotentKind {
		for _, y := range v.made {
			if y.key == x.key && y.what == x.what {
				return y.ref, m.err
			}
		}
	}
	x.ref = chat.Ref{ID: strconv.Itoa(len(v.made) + 1)}
	if v.base != "" {
		x.ref.URL = v.base + "/" + x.what + "/" + x.ref.ID
	}
	v.made = append(v.made, x)
	return x.ref, m.err
}

func (v *vendor) find(what string, key chat.Key) (chat.Ref, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.looks++
	if v.blind != nil {
		return chat.Ref{}, v.blind
	}
	for _, y := range v.made {
		if y.key == key && y.what == what {
			return y.ref, nil
		}
	}
	return chat.Ref{}, fault.New(fault.NotFound, "not_found", "there is no such thing")
}

// close closes a ticket for good.
func (v *vendor) close(ticket chat.Ref) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed == nil {
		v.closed = map[string]bool{}
	}
	v.closed[ticket.ID] = true
}

// things returns what the vendor has of a kind.
func (v *vendor) things(what string) []thing {
	v.mu.Lock()
	defer v.mu.Unlock()
	var out []thing
	for _, x := range v.made {
		if x.what == what {
			out = append(out, x)
		}
	}
	return out
}

// amender is a vendor that can change a ticket's requester.
type amender struct {
	*vendor
	requester connectors.Person
	refuses   error
}

func (a *amender) SetRequester(_ context.Context, _ chat.Ref, p connectors.Person) error {
	if a.refuses != nil {
		return a.refuses
	}
	a.requester = p
	return nil
}

// What a vendor can promise, of all that it does.
func searchable() connectors.Traits {
	p := connectors.Searchable(0)
	return connectors.Traits{Create: p, Comment: p, Send: p, PrivateComments: true, Timeout: 10 * time.Second}
}

func idempotent() connectors.Traits {
	p := connectors.Idempotent(2*time.Hour, 0)
	return connectors.Traits{Create: p, Comment: p, Send: p, PrivateComments: true, Timeout: 10 * time.Second}
}

func blind() connectors.Traits {
	return connectors.Traits{PrivateComments: true, Timeout: 10 * time.Second}
}
