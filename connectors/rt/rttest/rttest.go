// Package rttest is a stand-in for Request Tracker 5: an http.Handler that answers the
// REST 2.0 requests that package rt makes as RT 5.0.3 does, from memory. What it does
// not know it refuses, so that a request that a real RT would not take fails here too.
// The suite that it passes is the one that a real RT passes.
package rttest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options say who may sign in and what there is. The zero value of a field means the
// value in its comment.
type Options struct {
	User, Password string   // "afterchat" and "password"
	Token          string   // none
	Queues         []string // "General" alone
	KeyField       string   // "AfterchatKey"
	// Fields are more custom fields; they apply to all queues, as KeyField does.
	Fields []string
	// BareQueues are queues that no custom field applies to.
	BareQueues []string
}

// Server is the stand-in. It is safe for concurrent use.
type Server struct {
	options Options
	mux     *http.ServeMux

	mu      sync.Mutex
	tickets []*Ticket // ticket N is at N-1
	lastTxn int
}

// Ticket is a ticket as the stand-in holds it.
type Ticket struct {
	ID, Queue, Subject, Status string
	Priority                   string
	Requesters                 []Person
	Fields                     map[string][]string // custom fields
	RefersTo                   []string
	Texts                      []Text // oldest first
	Created, LastUpdated       time.Time
	// Greeted are the requesters that it was created with: RT mails them its first text.
	Greeted []Person
}

// Person is a requester.
type Person struct{ Name, Email string }

// Text is what was written into a ticket. Kind is Create, Comment (which requesters may
// not see) or Correspond; RT mails the first and the last to the requesters.
type Text struct {
	ID, Kind, Body string
	Files          []string // names
}

// New returns an RT without tickets.
func New(o Options) *Server {
	if o.User == "" {
		o.User = "afterchat"
	}
	if o.Password == "" {
		o.Password = "password"
	}
	if len(o.Queues) == 0 {
		o.Queues = []string{"General"}
	}
	if o.KeyField == "" {
		o.KeyField = "AfterchatKey"
	}
	s := &Server{options: o, mux: http.NewServeMux()}
	s.mux.HandleFunc("GET /REST/2.0/queue/{queue}", s.getQueue)
	s.mux.HandleFunc("POST /REST/2.0/ticket", s.createTicket)
	s.mux.HandleFunc("GET /REST/2.0/ticket/{id}", s.withTicket(s.getTicket))
	s.mux.HandleFunc("PUT /REST/2.0/ticket/{id}", s.withTicket(s.updateTicket))
	s.mux.HandleFunc("POST /REST/2.0/ticket/{id}/{kind}", s.addMessage)
	s.mux.HandleFunc("GET /REST/2.0/ticket/{id}/attachments", s.listAttachments)
	s.mux.HandleFunc("GET /REST/2.0/tickets", s.searchTickets)
	// Everything else is RT's web interface, which asks to sign in.
	s.mux.Handle("/", http.RedirectHandler("/NoAuth/Login.html", http.StatusFound))
	return s
}

// ServeHTTP answers as RT does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.signedIn(r) {
		refuse(w, http.StatusUnauthorized, "Unauthorized")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mux.ServeHTTP(w, r)
}

func (s *Server) signedIn(r *http.Request) bool {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "token "); ok {
		return s.options.Token != "" && token == s.options.Token
	}
	user, password, ok := r.BasicAuth()
	return ok && user == s.options.User && password == s.options.Password
}

// Tickets returns a copy of all tickets, deleted ones included, the oldest first.
func (s *Server) Tickets() []Ticket {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Ticket, 0, len(s.tickets))
	for _, t := range s.tickets {
		one := *t
		one.Requesters = slices.Clone(t.Requesters)
		one.Greeted = slices.Clone(t.Greeted)
		one.RefersTo = slices.Clone(t.RefersTo)
		one.Texts = slices.Clone(t.Texts)
		one.Fields = make(map[string][]string, len(t.Fields))
		for name, values := range t.Fields {
			one.Fields[name] = slices.Clone(values)
		}
		all = append(all, one)
	}
	return all
}

// SetStatus sets a ticket's status, as resolved, rejected or deleted. It reports whether
// there is such a ticket.
func (s *Server) SetStatus(id, status string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.ticket(id)
	if t != nil {
		t.Status, t.LastUpdated = status, now()
	}
	return t != nil
}

// SeenByRequesters returns what RT mails to a ticket's requesters or shows them.
func (t Ticket) SeenByRequesters() []Text {
	return slices.DeleteFunc(slices.Clone(t.Texts), func(x Text) bool { return x.Kind == "Comment" })
}

// now is the time as RT keeps it, in whole seconds.
func now() time.Time { return time.Now().UTC().Truncate(time.Second) }

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}

func refuse(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]string{"message": message})
}
