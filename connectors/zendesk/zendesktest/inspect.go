package zendesktest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

// Ticket is a copy of a ticket, for verification.
type Ticket struct {
	ID                                  int64
	ExternalID, Subject, Body           string
	Public                              bool // may the requester read Body?
	Status, Priority, Group             string
	Tags                                []string
	Fields                              map[int64]string
	RequesterName, RequesterEmail       string
	RequesterPhone, RequesterExternalID string
	FollowUpOf                          int64 // 0 if it follows up nothing
	Files                               []File
	Comments                            []Comment // without the first, which is Body
	UpdatedAt                           time.Time
}

// Comment is a copy of a later comment.
type Comment struct {
	ID       int64
	Body     string
	Public   bool
	Files    []File
	Metadata map[string]string
}

// Tickets returns copies of all tickets in the order in which they were made.
func (s *Server) Tickets() []Ticket {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Ticket, 0, len(s.store.tickets))
	for _, id := range slices.Sorted(maps.Keys(s.store.tickets)) {
		all = append(all, s.copyOf(s.store.tickets[id]))
	}
	return all
}

// Verifying is how many people were mailed to verify their address.
func (s *Server) Verifying() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store.verifying
}

// Effects counts what was carried out by the key that it was asked for with: tickets by
// external_id and comments by each value of their metadata. More than one is a duplicate.
func (s *Server) Effects() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := make(map[string]int)
	for key, tickets := range s.store.byExternal {
		counts[key] += len(tickets)
	}
	for _, t := range s.store.tickets {
		for _, a := range t.audits {
			for _, value := range a.Metadata.Custom {
				counts[value]++
			}
		}
	}
	return counts
}

// Close closes a ticket for good, as Zendesk does by itself some days after it was
// solved; false if there is no such ticket.
func (s *Server) Close(id int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.store.tickets[id]
	if t == nil {
		return false
	}
	t.Status = "closed"
	return true
}

func (s *Server) copyOf(t *ticket) Ticket {
	requester := s.store.users[t.Requester]
	c := Ticket{
		ID: t.ID, ExternalID: t.ExternalID, Subject: t.Subject, Body: t.Body, Public: t.public,
		Status: t.Status, Priority: t.Priority, Group: s.store.groupNames[t.GroupID],
		Tags: slices.Clone(t.Tags), Fields: make(map[int64]string),
		RequesterName: requester.Name, RequesterEmail: requester.Email,
		RequesterPhone: requester.Phone, RequesterExternalID: requester.ExternalID,
		FollowUpOf: t.FollowUpOf, UpdatedAt: t.updated(),
	}
	for _, field := range t.Fields {
		c.Fields[field.ID] = field.Value
	}
	for i, a := range t.audits {
		for _, e := range a.Events {
			switch {
			case e.Type != "Comment":
			case i == 0:
				c.Files = e.files
			default:
				c.Comments = append(c.Comments, Comment{ID: e.ID, Body: e.Body, Public: *e.Public, Files: e.files, Metadata: maps.Clone(a.Metadata.Custom)})
			}
		}
	}
	return c
}

// agentPage is what an agent sees of a ticket; the references of the connector lead here.
const agentPage = `<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>#{{.ID}} {{.Subject}}</title>
<style>body{font:16px/1.5 system-ui;max-width:46rem;margin:2rem auto;padding:0 1rem}
pre{white-space:pre-wrap;font:inherit;border:1px solid #ccc;border-radius:8px;padding:1rem}.internal{background:#fff7e0}</style>
<h1>#{{.ID}} {{.Subject}}</h1>
<p>{{.Status}}{{with .Priority}} · {{.}}{{end}}{{with .Group}} · {{.}}{{end}} · {{.RequesterName}} {{.RequesterEmail}}{{range .Tags}} · {{.}}{{end}}</p>
<pre{{if not .Public}} class="internal"{{end}}>{{.Body}}</pre>{{range .Files}}<p>{{.Name}}</p>{{end}}
{{range .Comments}}<pre{{if not .Public}} class="internal"{{end}}>{{.Body}}</pre>{{range .Files}}<p>{{.Name}}</p>{{end}}{{end}}`

// agentTicket shows a ticket as a page, to anybody: this is a stand-in.
func (s *Server) agentTicket(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	t := s.ticket(r)
	if t == nil {
		s.mu.Unlock()
		http.NotFound(w, r)
		return
	}
	shown := s.copyOf(t)
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := s.page.Execute(w, shown); err != nil {
		_, _ = fmt.Fprintln(w, "this ticket cannot be shown")
	}
}

// EffectCount returns how many tickets and comments with a key there are. It is Effects
// for whoever asks often.
func (s *Server) EffectCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store.effects
}
