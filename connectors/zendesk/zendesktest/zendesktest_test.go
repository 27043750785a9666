package zendesktest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afterchat/afterchat/connectors/zendesk/zendesktest"
)

// call asks the stand-in as the account's agent would.
func call(t *testing.T, s *zendesktest.Server, method, path, key, body string) (*httptest.ResponseRecorder, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(method, "/api/v2"+path, strings.NewReader(body))
	r.SetBasicAuth("bot@acme.example/token", "secret")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var decoded map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &decoded); err != nil {
		t.Fatalf("%s %s answered %d with no JSON: %v", method, path, w.Code, err)
	}
	return w, decoded
}

const ticketJSON = `{"ticket":{"external_id":"k1","subject":"s","comment":{"body":"b"}}}`

func newServer(now func() time.Time) *zendesktest.Server {
	return zendesktest.New(zendesktest.Options{Email: "bot@acme.example", Token: "secret", Now: now})
}

func TestTwoTicketsMayHaveOneExternalID(t *testing.T) {
	t.Parallel()
	s := newServer(nil)
	call(t, s, "POST", "/tickets", "", ticketJSON)
	call(t, s, "POST", "/tickets", "", ticketJSON)
	if n := s.Effects()["k1"]; n != 2 {
		t.Errorf("%d effects, want 2", n)
	}
	if _, list := call(t, s, "GET", "/tickets?external_id=k1", "", ""); list["count"] != 2.0 {
		t.Errorf("the list says %v", list["count"])
	}
}

func TestAnIdempotencyKeyIsKnownForAWhileAndForOneBody(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := newServer(func() time.Time { return now })
	for _, step := range []struct {
		name   string
		later  time.Duration
		body   string
		status int
		lookup string
		made   int
	}{
		{"the first time", 0, ticketJSON, 201, "miss", 1},
		{"again", time.Hour, ticketJSON, 201, "hit", 1},
		{"with another body", 0, `{"ticket":{"external_id":"k1","comment":{"body":"other"}}}`, 400, "", 1},
		{"when the window is over", 2 * time.Hour, ticketJSON, 201, "miss", 2},
	} {
		now = now.Add(step.later)
		w, _ := call(t, s, "POST", "/tickets", "key", step.body)
		if w.Code != step.status || w.Header().Get("X-Idempotency-Lookup") != step.lookup || s.Effects()["k1"] != step.made {
			t.Errorf("%s: status %d, lookup %q, %d tickets", step.name, w.Code, w.Header().Get("X-Idempotency-Lookup"), s.Effects()["k1"])
		}
	}
}

func TestAnUploadIsGoodOnceAndForAWhile(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := newServer(func() time.Time { return now })
	attach := func() int {
		_, made := call(t, s, "POST", "/uploads?filename=a.txt", "", "content")
		token, _ := made["upload"].(map[string]any)["token"].(string)
		now = now.Add(48 * time.Hour)
		body := fmt.Sprintf(`{"ticket":{"comment":{"body":"b","uploads":[%q]}}}`, token)
		first, _ := call(t, s, "POST", "/tickets", "", body)
		if again, _ := call(t, s, "POST", "/tickets", "", body); again.Code != http.StatusUnprocessableEntity {
			t.Errorf("a token was good twice: %d", again.Code)
		}
		return first.Code
	}
	if code := attach(); code != http.StatusCreated {
		t.Errorf("within its time a token gave %d", code)
	}
	_, made := call(t, s, "POST", "/uploads?filename=a.txt", "", "content")
	token, _ := made["upload"].(map[string]any)["token"].(string)
	now = now.Add(73 * time.Hour)
	if w, _ := call(t, s, "POST", "/tickets", "", fmt.Sprintf(`{"ticket":{"comment":{"body":"b","uploads":[%q]}}}`, token)); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("after its time a token gave %d", w.Code)
	}
}

func TestWhatZendeskRefusesIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(nil)
	_, made := call(t, s, "POST", "/tickets", "", ticketJSON)
	closed := fmt.Sprintf("/tickets/%.0f", made["ticket"].(map[string]any)["id"])
	s.Close(s.Tickets()[0].ID)
	for name, test := range map[string]struct {
		method, path, body string
		status             int
		code               string
	}{
		"a ticket without a comment":        {"POST", "/tickets", `{"ticket":{"subject":"s"}}`, 422, "RecordInvalid"},
		"a ticket with a long comment":      {"POST", "/tickets", `{"ticket":{"comment":{"body":"` + strings.Repeat("x", 65536) + `"}}}`, 422, "RecordInvalid"},
		"a priority that there is not":      {"POST", "/tickets", `{"ticket":{"priority":"p1","comment":{"body":"b"}}}`, 422, "RecordInvalid"},
		"a group that there is not":         {"POST", "/tickets", `{"ticket":{"group_id":1,"comment":{"body":"b"}}}`, 422, "RecordInvalid"},
		"a requester without a name":        {"POST", "/tickets", `{"ticket":{"requester":{"email":"a@b.example"},"comment":{"body":"b"}}}`, 422, "RecordInvalid"},
		"an address that is none":           {"POST", "/tickets", `{"ticket":{"requester":{"name":"A","email":"a b"},"comment":{"body":"b"}}}`, 422, "RecordInvalid"},
		"no JSON":                           {"POST", "/tickets", `{`, 422, "UnprocessableEntity"},
		"an update of a closed ticket":      {"PUT", closed, `{"ticket":{"comment":{"body":"b"}}}`, 422, "RecordInvalid"},
		"a comment on a ticket that is not": {"PUT", "/tickets/1", `{"ticket":{"comment":{"body":"b"}}}`, 404, "RecordNotFound"},
		"what the stand-in does not know":   {"GET", "/macros", ``, 404, "RecordNotFound"},
	} {
		if w, answer := call(t, s, test.method, test.path, "", test.body); w.Code != test.status || answer["error"] != test.code {
			t.Errorf("%s: %d %v, want %d %s", name, w.Code, answer["error"], test.status, test.code)
		}
	}
	unsigned := httptest.NewRecorder()
	s.ServeHTTP(unsigned, httptest.NewRequest("GET", "/api/v2/users/me", nil))
	if unsigned.Code != http.StatusUnauthorized {
		t.Errorf("without a credential: %d", unsigned.Code)
	}
}

func TestManyAtOnceWithOneKeyMakeOneTicket(t *testing.T) {
	t.Parallel()
	s := newServer(nil)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			call(t, s, "POST", "/tickets", "key", ticketJSON)
			_ = s.Tickets()
		})
	}
	all.Wait()
	if n := s.Effects()["k1"]; n != 1 {
		t.Errorf("%d tickets, want 1", n)
	}
}

func TestAnAgentSeesATicketAsAPage(t *testing.T) {
	t.Parallel()
	s := newServer(nil)
	call(t, s, "POST", "/tickets", "", `{"ticket":{"subject":"<b>s</b>","comment":{"body":"b","public":false}}}`)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", fmt.Sprintf("/agent/tickets/%d", s.Tickets()[0].ID), nil))
	if body := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(body, "&lt;b&gt;s") || !strings.Contains(body, `class="internal"`) {
		t.Errorf("the page is %d %s", w.Code, body)
	}
}

// BenchmarkCreate shows that a request's cost does not grow with what is held.
func BenchmarkCreate(b *testing.B) {
	s := newServer(nil)
	for i := 0; b.Loop(); i++ {
		body := fmt.Sprintf(`{"ticket":{"external_id":"k%d","subject":"s","requester":{"name":"A","email":"a%d@example.com"},"comment":{"body":"b"}}}`, i, i)
		r := httptest.NewRequest("POST", "/api/v2/tickets", strings.NewReader(body))
		r.SetBasicAuth("bot@acme.example/token", "secret")
		r.Header.Set("Idempotency-Key", fmt.Sprint(i))
		w := httptest.NewRecorder()
		if s.ServeHTTP(w, r); w.Code != http.StatusCreated {
			b.Fatal(w.Code)
		}
	}
}
