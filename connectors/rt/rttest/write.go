package rttest

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/mail"
	"slices"
	"strconv"
	"strings"
)

// attachment is a file as it comes. RT refuses one with an empty member.
type attachment struct{ FileName, FileType, FileContent string }

func (s *Server) createTicket(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Queue, Subject, Requestor, Content, ContentType, Priority string
		RefersTo                                                  []string
		CustomFields                                              map[string]any
		Attachments                                               []attachment
	}
	if !decode(w, r, &in) {
		return
	}
	queue := slices.IndexFunc(s.queues(), func(name string) bool { return strings.EqualFold(name, in.Queue) })
	if queue < 0 {
		refuse(w, http.StatusForbidden, "No permission to create tickets in the queue '"+in.Queue+"'")
		return
	}
	files, ok := fileNames(w, in.Attachments)
	if !ok {
		return
	}
	t := &Ticket{
		ID: strconv.Itoa(len(s.tickets) + 1), Queue: s.queues()[queue], Status: "new", Priority: "0",
		Subject: cut(in.Subject, 200), RefersTo: in.RefersTo, Fields: make(map[string][]string), Created: now(),
	}
	if in.Priority != "" {
		t.Priority = in.Priority
	}
	// Requesters that it cannot read RT leaves out without a word.
	t.Requesters, _ = people(in.Requestor)
	t.Greeted = t.Requesters
	s.setFields(t, in.CustomFields)
	s.tickets = append(s.tickets, t)
	s.write(t, "Create", in.Content, files)
	answer(w, http.StatusCreated, map[string]string{"type": "ticket", "id": t.ID, "_url": "http://" + r.Host + "/REST/2.0/ticket/" + t.ID})
}

func (s *Server) addMessage(w http.ResponseWriter, r *http.Request) {
	kind, ok := map[string]string{"comment": "Comment", "correspond": "Correspond"}[r.PathValue("kind")]
	if !ok {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	var in struct {
		Content, ContentType string
		CustomFields         map[string]any
		Attachments          []attachment
	}
	if !decode(w, r, &in) {
		return
	}
	files, ok := fileNames(w, in.Attachments)
	if !ok {
		return
	}
	if in.Content != "" && in.ContentType != "text/plain" {
		refuse(w, http.StatusBadRequest, "ContentType is a required field for application/json")
		return
	}
	t := s.ticket(r.PathValue("id"))
	if t == nil {
		// A missing ticket grants no rights, and that is what RT says.
		refuse(w, http.StatusBadRequest, "Permission Denied")
		return
	}
	s.write(t, kind, in.Content, files)
	messages := append([]string{"Message added"}, s.setFields(t, in.CustomFields)...)
	w.Header().Set("Location", "/REST/2.0/transaction/"+t.Texts[len(t.Texts)-1].ID)
	answer(w, http.StatusCreated, messages)
}

func (s *Server) updateTicket(w http.ResponseWriter, r *http.Request, t *Ticket) {
	var in struct{ Requestor, Status string }
	if !decode(w, r, &in) {
		return
	}
	if in.Requestor != "" {
		found, ok := people(in.Requestor)
		if !ok {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		if len(t.Requesters) != 1 || !strings.EqualFold(t.Requesters[0].Email, found[0].Email) {
			t.Requesters, t.LastUpdated = found, now()
		}
	}
	if in.Status != "" {
		t.Status, t.LastUpdated = in.Status, now()
	}
	answer(w, http.StatusOK, []string{})
}

// write adds a text. RT reopens a ticket that was answered.
func (s *Server) write(t *Ticket, kind, body string, files []string) {
	s.lastTxn++
	t.Texts = append(t.Texts, Text{ID: strconv.Itoa(s.lastTxn), Kind: kind, Body: body, Files: files})
	t.LastUpdated = now()
	if kind == "Correspond" && (t.Status == "new" || t.Status == "resolved") {
		t.Status = "open"
	}
}

// setFields sets custom fields; those that it does not know it leaves out without a
// word, as RT does.
func (s *Server) setFields(t *Ticket, fields map[string]any) []string {
	var messages []string
	for name, value := range fields {
		known := slices.IndexFunc(s.fieldsOf(t.Queue), func(f string) bool { return strings.EqualFold(f, name) })
		if known < 0 {
			continue
		}
		name = s.fieldsOf(t.Queue)[known]
		t.Fields[name] = nil
		switch v := value.(type) {
		case string:
			t.Fields[name] = []string{v}
		case []any:
			for _, one := range v {
				if text, ok := one.(string); ok {
					t.Fields[name] = append(t.Fields[name], text)
				}
			}
		}
		messages = append(messages, name+" changed")
	}
	return messages
}

// fields are all custom fields; the id of each is its place here, from one.
func (s *Server) fields() []string {
	return append([]string{s.options.KeyField}, s.options.Fields...)
}

// fieldsOf are the custom fields that apply to a queue.
func (s *Server) fieldsOf(queue string) []string {
	if slices.Contains(s.options.BareQueues, queue) {
		return nil
	}
	return s.fields()
}

func (s *Server) queues() []string {
	return slices.Concat(s.options.Queues, s.options.BareQueues)
}

func fileNames(w http.ResponseWriter, files []attachment) ([]string, bool) {
	var names []string
	for _, f := range files {
		for field, value := range map[string]string{"FileName": f.FileName, "FileType": f.FileType, "FileContent": f.FileContent} {
			if value == "" || value == "0" {
				refuse(w, http.StatusBadRequest, "Field "+field+" is required for each attachment in Attachments")
				return nil, false
			}
		}
		if _, err := base64.StdEncoding.DecodeString(f.FileContent); err != nil {
			refuse(w, http.StatusBadRequest, "FileContent is not base64")
			return nil, false
		}
		names = append(names, f.FileName)
	}
	return names, true
}

// people reads a list of addresses.
func people(list string) ([]Person, bool) {
	found, err := mail.ParseAddressList(list)
	if err != nil {
		return nil, false
	}
	var all []Person
	for _, a := range found {
		all = append(all, Person{a.Name, a.Address})
	}
	return all, true
}

func cut(s string, bytes int) string {
	if len(s) > bytes {
		return strings.ToValidUTF8(s[:bytes], "")
	}
	return s
}

func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	if r.Header.Get("Content-Type") != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, "Unsupported Media Type")
		return false
	}
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		refuse(w, http.StatusBadRequest, "Invalid JSON")
		return false
	}
	return true
}
