package zendesktest

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxBody is the most that a comment holds, in bytes, and maxMetadata of an audit's.
const (
	maxBody     = 65535
	maxMetadata = 1024
)

type ticket struct {
	ID         int64         `json:"id"`
	URL        string        `json:"url"`
	ExternalID string        `json:"external_id,omitempty"`
	Subject    string        `json:"subject"`
	Body       string        `json:"description"`
	Status     string        `json:"status"`
	Priority   string        `json:"priority,omitempty"`
	Tags       []string      `json:"tags"`
	GroupID    int64         `json:"group_id,omitempty"`
	Requester  int64         `json:"requester_id"`
	Submitter  int64         `json:"submitter_id"`
	IsPublic   bool          `json:"is_public"`
	FollowUpOf int64         `json:"via_followup_source_id,omitempty"`
	Fields     []customField `json:"custom_fields"`
	CreatedAt  string        `json:"created_at"`
	UpdatedAt  string        `json:"updated_at"`

	public bool // of the first comment; what later comments are unless they say
	audits []*audit
}

// customField has a value as a JSON string, which is all that Afterchat writes.
type customField struct {
	ID    int64  `json:"id"`
	Value string `json:"value"`
}

// ticketInput is what a create or an update may hold.
type ticketInput struct {
	ExternalID  string            `json:"external_id"`
	Subject     string            `json:"subject"`
	Comment     *commentInput     `json:"comment"`
	Requester   *user             `json:"requester"`
	RequesterID int64             `json:"requester_id"`
	Status      string            `json:"status"`
	Priority    string            `json:"priority"`
	Tags        []string          `json:"tags"`
	GroupID     int64             `json:"group_id"`
	FollowUpOf  int64             `json:"via_followup_source_id"`
	Fields      []customField     `json:"custom_fields"`
	Metadata    map[string]string `json:"metadata"`
}

type commentInput struct {
	Body    string   `json:"body"`
	Public  *bool    `json:"public"`
	Uploads []string `json:"uploads"`
}

func (s *Server) createTicket(r *http.Request) answer {
	raw, in, refused := readTicket(r)
	if refused.status != 0 {
		return refused
	}
	key := r.Header.Get("Idempotency-Key")
	s.mu.Lock()
	defer s.mu.Unlock()
	if again := s.lookup(key, raw); again.status != 0 {
		return again
	}
	if in.Comment == nil || strings.TrimSpace(in.Comment.Body) == "" {
		return invalid("base", "BlankValue", "Description: cannot be blank")
	}
	if refused := s.check(in); refused.status != 0 {
		return refused
	}
	requester, refused := s.requester(in)
	if refused.status != 0 {
		return refused
	}
	files, ok := s.take(in.Comment.Uploads)
	if !ok {
		return invalid("uploads", "InvalidValue", "Uploads: a token is unknown or has expired")
	}
	t := s.add(in, requester)
	s.addAudit(t, in, files)
	return s.remember(key, raw, success(http.StatusCreated, map[string]any{"ticket": t}))
}

// add keeps a new ticket. Two with one external_id are two tickets.
func (s *Server) add(in ticketInput, requester *user) *ticket {
	id := s.store.id()
	t := &ticket{
		ID: id, URL: "/api/v2/tickets/" + strconv.FormatInt(id, 10),
		ExternalID: in.ExternalID, Subject: in.Subject, Body: in.Comment.Body,
		Status: "new", Priority: in.Priority, Tags: tags(in.Tags), GroupID: in.GroupID,
		Requester: requester.ID, Submitter: s.store.self.ID, FollowUpOf: in.FollowUpOf,
		Fields: append([]customField{}, in.Fields...), CreatedAt: stamp(s.options.Now()), UpdatedAt: stamp(s.options.Now()),
		public: in.Comment.Public == nil || *in.Comment.Public,
	}
	s.store.tickets[id] = t
	if t.ExternalID != "" {
		s.store.byExternal[t.ExternalID] = append(s.store.byExternal[t.ExternalID], t)
		s.store.effects++
	}
	s.setRequester(t, requester)
	return t
}

func (s *Server) updateTicket(r *http.Request) answer {
	_, in, refused := readTicket(r)
	if refused.status != 0 {
		return refused
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.ticket(r)
	if t == nil {
		return notFound()
	}
	if t.Status == "closed" {
		return invalid("status", "ClosedPreventsUpdate", "Status: closed prevents ticket update")
	}
	if refused := s.check(in); refused.status != 0 {
		return refused
	}
	var files []File
	if in.Comment != nil {
		if strings.TrimSpace(in.Comment.Body) == "" {
			return invalid("base", "BlankValue", "Comment: cannot be blank")
		}
		var ok bool
		if files, ok = s.take(in.Comment.Uploads); !ok {
			return invalid("uploads", "InvalidValue", "Uploads: a token is unknown or has expired")
		}
	}
	changed := s.change(t, in) || in.Comment != nil
	body := map[string]any{"ticket": t}
	// A change of nothing makes no audit, and what metadata it had is lost.
	if changed {
		body["audit"] = s.addAudit(t, in, files)
		t.UpdatedAt = stamp(s.options.Now())
	}
	return success(http.StatusOK, body)
}

// change sets what an update holds beside the comment, and reports whether it did.
func (s *Server) change(t *ticket, in ticketInput) bool {
	changed := false
	if in.RequesterID != 0 && in.RequesterID != t.Requester {
		s.setRequester(t, s.store.users[in.RequesterID])
		changed = true
	}
	if in.Status != "" && in.Status != t.Status {
		t.Status = in.Status
		changed = true
	}
	if in.Priority != "" && in.Priority != t.Priority {
		t.Priority = in.Priority
		changed = true
	}
	return changed
}

// setRequester moves a ticket to its requester's list.
func (s *Server) setRequester(t *ticket, u *user) {
	delete(s.store.requested[t.Requester], t.ID)
	t.Requester = u.ID
	if s.store.requested[u.ID] == nil {
		s.store.requested[u.ID] = make(map[int64]*ticket)
	}
	s.store.requested[u.ID][t.ID] = t
}

func (s *Server) showTicket(r *http.Request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.ticket(r); t != nil {
		return success(http.StatusOK, map[string]any{"ticket": t})
	}
	return notFound()
}

// listTickets lists by external_id; the whole account is not listed.
func (s *Server) listTickets(r *http.Request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return page(r, "tickets", append([]*ticket{}, s.store.byExternal[r.URL.Query().Get("external_id")]...))
}

func (s *Server) listRequested(r *http.Request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if s.store.users[id] == nil {
		return notFound()
	}
	listed := []*ticket{}
	for _, t := range s.store.requested[id] {
		listed = append(listed, t)
	}
	byUpdate := r.URL.Query().Get("sort_by") == "updated_at"
	slices.SortFunc(listed, func(a, b *ticket) int {
		if order := strings.Compare(a.UpdatedAt, b.UpdatedAt); byUpdate && order != 0 {
			return order
		}
		return int(a.ID - b.ID)
	})
	if r.URL.Query().Get("sort_order") == "desc" {
		slices.Reverse(listed)
	}
	return page(r, "tickets", listed)
}

// ticket returns the ticket that the path names, or nil.
func (s *Server) ticket(r *http.Request) *ticket {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return nil
	}
	return s.store.tickets[id]
}

// requester returns who a new ticket is from: who is named, or else who is signed in.
// A new address makes a new user; a known one keeps the name that it has.
func (s *Server) requester(in ticketInput) (*user, answer) {
	if in.RequesterID != 0 {
		return s.store.users[in.RequesterID], answer{}
	}
	if in.Requester == nil {
		return s.store.self, answer{}
	}
	if u := s.store.byEmail[strings.ToLower(in.Requester.Email)]; u != nil {
		return u, answer{}
	}
	made := user{Name: in.Requester.Name, Email: in.Requester.Email}
	if refused := checkUser(made); refused.status != 0 {
		return nil, refused
	}
	return s.store.addUser(made, s.options.Now()), answer{}
}

// check returns a refusal for values that no ticket can have.
func (s *Server) check(in ticketInput) answer {
	metadata, _ := json.Marshal(in.Metadata)
	switch {
	case in.Comment != nil && len(in.Comment.Body) > maxBody:
		return invalid("base", "TooLong", "Description: is too long (maximum is 65535 bytes after encoding)")
	case len(metadata) > maxMetadata:
		return invalid("metadata", "TooLong", "Metadata: is too long")
	case in.Priority != "" && !slices.Contains([]string{"low", "normal", "high", "urgent"}, in.Priority):
		return invalid("priority", "InvalidValue", "Priority: is not properly formatted")
	case in.Status != "" && !slices.Contains([]string{"new", "open", "pending", "hold", "solved", "closed"}, in.Status):
		return invalid("status", "InvalidValue", "Status: is not properly formatted")
	case in.GroupID != 0 && s.store.groupNames[in.GroupID] == "":
		return invalid("group", "InvalidValue", "Group: is invalid")
	case in.RequesterID != 0 && s.store.users[in.RequesterID] == nil:
		return invalid("requester", "InvalidValue", "Requester: is invalid")
	case in.FollowUpOf != 0 && (s.store.tickets[in.FollowUpOf] == nil || s.store.tickets[in.FollowUpOf].Status != "closed"):
		return invalid("base", "InvalidValue", "Via followup source: is not a closed ticket")
	}
	return answer{}
}

// tags splits at white space and lowers, as Zendesk does.
func tags(given []string) []string {
	kept := []string{}
	for _, tag := range given {
		for _, word := range strings.Fields(strings.ToLower(tag)) {
			if !slices.Contains(kept, word) {
				kept = append(kept, word)
			}
		}
	}
	return kept
}

func readTicket(r *http.Request) ([]byte, ticketInput, answer) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
	if err != nil {
		return nil, ticketInput{}, failure(http.StatusBadRequest, "BadRequest", "the request was cut short")
	}
	var body struct {
		Ticket *ticketInput `json:"ticket"`
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		return nil, ticketInput{}, failure(http.StatusUnprocessableEntity, "UnprocessableEntity", "Server could not parse JSON")
	}
	if body.Ticket == nil {
		return nil, ticketInput{}, failure(http.StatusBadRequest, "BadRequest", "ticket is missing")
	}
	return raw, *body.Ticket, answer{}
}

// updated reports when a ticket changed last.
func (t *ticket) updated() time.Time {
	at, _ := time.Parse(time.RFC3339, t.UpdatedAt)
	return at
}
