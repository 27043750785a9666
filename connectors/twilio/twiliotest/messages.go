package twiliotest

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"
	"unicode/utf8"
)

var (
	e164   = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	sender = regexp.MustCompile(`^(\+?[0-9]{3,15}|[A-Za-z0-9 ]{1,11})$`)
)

func (s *Server) create(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		refuse(w, http.StatusBadRequest, 20422, "Invalid Parameter")
		return
	}
	if !s.limiter.Allow() {
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusTooManyRequests, 20429, "Too Many Requests")
		return
	}
	form := r.PostForm
	if code, text := s.fault(form); code != 0 {
		status := http.StatusBadRequest
		if code == 20500 || code == 20503 {
			status = http.StatusInternalServerError
		}
		refuse(w, status, code, text)
		return
	}
	m := &Message{
		SID: newSID("SM"), From: form.Get("From"), To: form.Get("To"), Body: form.Get("Body"), Status: "queued",
		StatusCallback: form.Get("StatusCallback"), Created: time.Now(),
	}
	answer := s.resource(*m)
	if service := form.Get("MessagingServiceSid"); service != "" {
		answer["messaging_service_sid"] = service
		answer["from"] = nil
	}
	s.mu.Lock()
	s.messages = append(s.messages, m)
	s.mu.Unlock()
	if m.StatusCallback != "" && len(s.options.Callbacks) > 0 {
		s.calls.Go(func() { s.callBack(m) })
	}
	write(w, http.StatusCreated, answer)
}

// fault checks a message as Twilio does; like Twilio it repeats the number in the text.
func (s *Server) fault(form url.Values) (code int, text string) {
	to, body := form.Get("To"), form.Get("Body")
	callback, err := url.Parse(form.Get("StatusCallback"))
	switch {
	case s.options.Errors[to] != 0:
		return s.options.Errors[to], fmt.Sprintf("Message to %s refused", to)
	case to == "":
		return 21604, "A 'To' phone number is required."
	case !e164.MatchString(to):
		return 21211, fmt.Sprintf("Invalid 'To' Phone Number: %s", to)
	case form.Get("From") == "" && form.Get("MessagingServiceSid") == "":
		return 21603, "A 'From' phone number is required."
	case form.Get("From") != "" && !sender.MatchString(form.Get("From")):
		return 21212, fmt.Sprintf("Invalid From Number (caller ID): %s", form.Get("From"))
	case body == "":
		return 21602, "Message body is required."
	case utf8.RuneCountInString(body) > 1600:
		return 21617, "The concatenated message body exceeds the 1600 character limit."
	case form.Has("StatusCallback") && (err != nil || callback.Host == ""):
		return 21609, "The StatusCallback URL is not a valid URL."
	}
	return 0, ""
}

// list answers newest first, filtered by To, From and the days of DateSent, in pages.
func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	size := number(query.Get("PageSize"), 50, 1000)
	page := number(query.Get("Page"), 0, 1<<30)
	var found []Message
	for _, m := range s.to(query.Get("To")) {
		if sentThen(m, query) && (query.Get("From") == "" || query.Get("From") == m.From) {
			found = append(found, m)
		}
	}
	start := min(page*size, len(found))
	end := min(start+size, len(found))
	resources := make([]map[string]any, 0, end-start)
	for _, m := range found[start:end] {
		resources = append(resources, s.resource(m))
	}
	uri := func(page int) string {
		query.Set("Page", strconv.Itoa(page))
		query.Set("PageSize", strconv.Itoa(size))
		query.Set("PageToken", "PA"+strconv.Itoa(page))
		return r.URL.Path + "?" + query.Encode()
	}
	answer := map[string]any{
		"messages": resources, "page": page, "page_size": size, "start": start, "end": max(end-1, 0),
		"uri": uri(page), "first_page_uri": uri(0), "next_page_uri": nil, "previous_page_uri": nil,
	}
	if end < len(found) {
		answer["next_page_uri"] = uri(page + 1)
	}
	if page > 0 {
		answer["previous_page_uri"] = uri(page - 1)
	}
	write(w, http.StatusOK, answer)
}

// sentThen applies the filters by day. A message still queued has no date to match.
func sentThen(m Message, query url.Values) bool {
	day := func(name string) string {
		v := query.Get(name)
		return v[:min(len(v), len(time.DateOnly))]
	}
	on, before, after := day("DateSent"), day("DateSent<"), day("DateSent>")
	if on == "" && before == "" && after == "" {
		return true
	}
	if m.Status == "queued" {
		return false
	}
	sent := m.Created.UTC().Format(time.DateOnly)
	return (on == "" || sent == on) && (before == "" || sent <= before) && (after == "" || sent >= after)
}

func number(s string, fallback, most int) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return fallback
	}
	return min(n, most)
}
