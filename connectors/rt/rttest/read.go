package rttest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

func (s *Server) getQueue(w http.ResponseWriter, r *http.Request) {
	for i, name := range s.queues() {
		id := strconv.Itoa(i + 1)
		if !strings.EqualFold(name, r.PathValue("queue")) && id != r.PathValue("queue") {
			continue
		}
		fields := []map[string]string{}
		for i, field := range s.fieldsOf(name) {
			fields = append(fields, map[string]string{"type": "customfield", "ref": "customfield", "id": strconv.Itoa(i + 1), "name": field})
		}
		answer(w, http.StatusOK, map[string]any{
			"id": i + 1, "Name": name, "Disabled": "0", "TicketCustomFields": fields,
			"_hyperlinks": []map[string]any{{"ref": "self", "type": "queue", "id": i + 1}, {"ref": "create", "type": "ticket"}},
		})
		return
	}
	refuse(w, http.StatusForbidden, "Forbidden")
}

func (s *Server) ticket(id string) *Ticket {
	n, err := strconv.Atoi(id)
	if err != nil || n < 1 || n > len(s.tickets) {
		return nil
	}
	return s.tickets[n-1]
}

func (s *Server) withTicket(next func(http.ResponseWriter, *http.Request, *Ticket)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if t := s.ticket(r.PathValue("id")); t != nil {
			next(w, r, t)
			return
		}
		refuse(w, http.StatusNotFound, "Not Found")
	}
}

func (s *Server) getTicket(w http.ResponseWriter, _ *http.Request, t *Ticket) {
	n, _ := strconv.Atoi(t.ID) // it is one
	whole := s.show(t, []string{"Subject", "Status", "Priority", "Created", "LastUpdated", "CustomFields", "Requestor"}, false)
	whole["id"] = n // a number here, a string in lists
	answer(w, http.StatusOK, whole)
}

// listAttachments answers a search for a piece of the texts of one ticket.
func (s *Server) listAttachments(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	var limits []struct{ Field, Operator, Value string }
	if err := json.Unmarshal([]byte(q.Get("query")), &limits); err != nil || len(limits) != 1 ||
		limits[0].Field != "Content" || limits[0].Operator != "LIKE" || strings.ContainsAny(limits[0].Value, `%_\`) {
		refuse(w, http.StatusBadRequest, "the stand-in knows no such search for attachments")
		return
	}
	items := []map[string]any{}
	if t := s.ticket(r.PathValue("id")); t != nil { // a missing ticket has an empty list
		for _, x := range t.Texts {
			if strings.Contains(strings.ToLower(x.Body), strings.ToLower(limits[0].Value)) {
				items = append(items, map[string]any{"type": "attachment", "id": x.ID, "TransactionId": x.ID})
			}
		}
	}
	// RT does not count what it would have to check rights for.
	paged(w, q, items, false)
}

func (s *Server) searchTickets(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	match, ok := s.parse(q.Get("query"))
	if !ok {
		refuse(w, http.StatusBadRequest, "the stand-in knows no such search for tickets")
		return
	}
	var found []*Ticket
	for _, t := range s.tickets {
		if t.Status != "deleted" && match(t) {
			found = append(found, t)
		}
	}
	if !order(found, q["orderby"], q["order"]) {
		refuse(w, http.StatusBadRequest, "the stand-in knows no such order")
		return
	}
	items := []map[string]any{}
	for _, t := range found {
		items = append(items, s.show(t, strings.Split(q.Get("fields"), ","), q.Get("fields[Requestor]") == "EmailAddress"))
	}
	paged(w, q, items, true)
}

// show writes a ticket with the fields that were asked for.
func (s *Server) show(t *Ticket, fields []string, addresses bool) map[string]any {
	out := map[string]any{"type": "ticket", "id": t.ID}
	for _, field := range fields {
		switch field {
		case "Subject":
			out[field] = t.Subject
		case "Status":
			out[field] = t.Status
		case "Priority":
			out[field] = t.Priority
		case "Created":
			out[field] = t.Created.Format(time.RFC3339)
		case "LastUpdated":
			out[field] = t.LastUpdated.Format(time.RFC3339)
		case "CustomFields":
			var all []map[string]any
			for i, name := range s.fields() {
				values := append([]string{}, t.Fields[name]...)
				all = append(all, map[string]any{"type": "customfield", "id": strconv.Itoa(i + 1), "name": name, "values": values})
			}
			out[field] = all
		case "Requestor":
			all := []map[string]string{}
			for _, p := range t.Requesters {
				one := map[string]string{"type": "user", "id": p.Email}
				if addresses {
					one["EmailAddress"] = p.Email
				}
				all = append(all, one)
			}
			out[field] = all
		}
	}
	return out
}

// paged answers with one page: of 20 items, or as many as were asked for up to 100.
func paged(w http.ResponseWriter, q url.Values, items []map[string]any, counted bool) {
	size, err := strconv.Atoi(q.Get("per_page"))
	if err != nil || size <= 0 {
		size = 20
	}
	size = min(size, 100)
	number, err := strconv.Atoi(q.Get("page"))
	if err != nil || number <= 0 {
		number = 1
	}
	from := min((number-1)*size, len(items))
	part := items[from:min(from+size, len(items))]
	out := map[string]any{"count": len(part), "page": number, "per_page": size, "items": part, "total": nil, "pages": nil}
	if counted {
		out["total"], out["pages"] = len(items), (len(items)+size-1)/size
	}
	answer(w, http.StatusOK, out)
}
