package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/httpapi"
	"github.com/afterchat/afterchat/internal/signing"
)

func TestARefusalIsAProblemDocumentThatNamesTheField(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.ended("over")
	pending := d.ended("c_pending")[0].ID
	long := strings.Repeat("x", 300)
	with := func(key string, value any) func(map[string]any) { return func(s map[string]any) { s[key] = value } }
	for name, c := range map[string]struct {
		method, path string
		body         any
		headers      []string
		status       int
		code, field  string
	}{
		"no API key":                        {"GET", "/v1/conversations/over", nil, []string{"Authorization", ""}, 401, "unauthorized", ""},
		"an unknown API key":                {"GET", "/v1/conversations/over", nil, []string{"Authorization", "Bearer nobody"}, 401, "unauthorized", ""},
		"an API key as Basic":               {"GET", "/v1/conversations/over", nil, []string{"Authorization", "Basic YWNtZTphY21lLWFwaS1rZXk="}, 401, "unauthorized", ""},
		"the admin token":                   {"GET", "/v1/conversations/over", nil, []string{"Authorization", "Bearer " + adminToken}, 401, "unauthorized", ""},
		"an unknown route":                  {"GET", "/v2/x", nil, nil, 404, "no_such_route", ""},
		"a wrong method":                    {"PATCH", "/v1/conversations/c", nil, nil, 405, "method_not_allowed", ""},
		"a body that is a form":             {"POST", "/v1/conversations/c/notes", "id=1", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "unsupported_media_type", ""},
		"a body in gzip":                    {"POST", "/v1/conversations/c/notes", "\x1f\x8b\x08", []string{"Content-Encoding", "gzip"}, 415, "unsupported_media_type", "Content-Encoding"},
		"a body that is packed twice":       {"PUT", "/v1/conversations/c", "x", []string{"Content-Encoding", "identity, br"}, 415, "unsupported_media_type", "Content-Encoding"},
		"malformed JSON":                    {"POST", "/v1/conversations/c/end", "{", nil, 400, "malformed_json", ""},
		"no body":                           {"POST", "/v1/conversations/c/end", nil, nil, 400, "malformed_json", ""},
		"a list":                            {"POST", "/v1/links", "[]", nil, 400, "malformed_json", ""},
		"malformed JSON to retry":           {"POST", "/v1/deliveries/" + pending + "/retry", "{", nil, 400, "malformed_json", ""},
		"a message by a robot":              {"POST", "/v1/conversations/c/end", chatOf("c", with("messages", []any{map[string]any{"id": "m", "at": "2026-11-20T09:12:03Z", "author": map[string]any{"kind": "robot"}}})), nil, 422, "invalid_field", "messages[0].author.kind"},
		"two lists of messages":             {"POST", "/v1/conversations/c/end", `{"id":"c","started_at":"2026-11-20T09:12:03Z","messages":[],"messages":[]}`, nil, 422, "duplicate_field", "messages"},
		"a delivery settled both ways":      {"POST", "/v1/deliveries/" + pending + "/resolve", `{"state":"failed","state":"delivered"}`, nil, 422, "duplicate_field", "state"},
		"a link for two conversations":      {"POST", "/v1/links", `{"purpose":"resume","conversation":"c","conversation":"d"}`, nil, 422, "duplicate_field", "conversation"},
		"another conversation's snapshot":   {"PUT", "/v1/conversations/c", chatOf("d"), nil, 422, "conversation_mismatch", "id"},
		"a note without an id":              {"POST", "/v1/conversations/c/notes", map[string]any{"text": "x"}, nil, 422, "invalid_field", "id"},
		"contact data that are no text":     {"POST", "/v1/conversations/c/contact", map[string]any{"id": "k", "email": 5}, nil, 422, "invalid_field", "email"},
		"an endless conversation id":        {"POST", "/v1/conversations/" + long + "/notes", map[string]any{"id": "n"}, nil, 422, "invalid_field", "conversation"},
		"NUL in a conversation id":          {"GET", "/v1/conversations/a%00b", nil, nil, 422, "invalid_field", "conversation"},
		"no UTF-8 in a conversation id":     {"GET", "/v1/conversations/a%ffb/details", nil, nil, 422, "invalid_field", "conversation"},
		"an unknown conversation":           {"GET", "/v1/conversations/nobody", nil, nil, 404, "not_found", ""},
		"an unknown conversation's pane":    {"GET", "/v1/conversations/nobody/details", nil, nil, 404, "not_found", ""},
		"an unknown timeline":               {"GET", "/v1/conversations/nobody/deliveries", nil, nil, 404, "not_found", ""},
		"another end":                       {"POST", "/v1/conversations/over/end", chatOf("over", with("outcome", "resolved")), nil, 409, "already_ended", ""},
		"another note under the same id":    {"POST", "/v1/conversations/over/notes", map[string]any{"id": "n1", "text": "other"}, nil, 409, "id_taken", "id"},
		"an unknown delivery":               {"GET", "/v1/deliveries/" + strings.Repeat("0", 32), nil, nil, 404, "not_found", ""},
		"what is no delivery's id":          {"POST", "/v1/deliveries/zz/cancel", nil, nil, 404, "not_found", ""},
		"a retry of what is pending":        {"POST", "/v1/deliveries/" + pending + "/retry", nil, nil, 409, "wrong_state", ""},
		"settling what is pending":          {"POST", "/v1/deliveries/" + pending + "/resolve", map[string]any{"state": "failed"}, nil, 409, "wrong_state", ""},
		"a state that does not exist":       {"GET", "/v1/deliveries?state=lost", nil, nil, 422, "invalid_field", "state"},
		"an action that does not exist":     {"GET", "/v1/deliveries?action=fax", nil, nil, 422, "invalid_field", "action"},
		"a cursor that nobody gave":         {"GET", "/v1/deliveries?cursor=abc", nil, nil, 422, "invalid_field", "cursor"},
		"a page of nothing":                 {"GET", "/v1/deliveries?limit=0", nil, nil, 422, "invalid_field", "limit"},
		"a page of too many":                {"GET", "/v1/deliveries?limit=201", nil, nil, 422, "invalid_field", "limit"},
		"a retry of none":                   {"POST", "/v1/deliveries/retry", map[string]any{"ids": []string{}}, nil, 422, "invalid_field", "ids"},
		"ids that are no list":              {"POST", "/v1/deliveries/retry", map[string]any{"ids": "x"}, nil, 422, "invalid_field", "ids"},
		"a pane for nobody":                 {"POST", "/v1/conversations/over/pane", map[string]any{}, nil, 422, "invalid_field", "agent"},
		"a pane that can do magic":          {"POST", "/v1/conversations/over/pane", map[string]any{"agent": "a", "can": []string{"magic"}}, nil, 422, "invalid_field", "can"},
		"a pane for ever":                   {"POST", "/v1/conversations/over/pane", map[string]any{"agent": "a", "expires_in": "9000h"}, nil, 422, "invalid_field", "expires_in"},
		"a pane of nothing":                 {"POST", "/v1/conversations/nobody/pane", map[string]any{"agent": "a"}, nil, 404, "not_found", ""},
		"a link to nowhere":                 {"POST", "/v1/links", map[string]any{"purpose": "resume"}, nil, 422, "invalid_field", "conversation"},
		"an endless idempotency key":        {"POST", "/v1/links", map[string]any{}, []string{"Idempotency-Key", long}, 422, "invalid_field", "Idempotency-Key"},
		"an unknown link":                   {"GET", "/v1/links/l_0", nil, nil, 404, "not_found", ""},
		"NUL in a link's id":                {"GET", "/v1/links/a%00b", nil, nil, 404, "not_found", ""},
		"an idempotency key of bytes":       {"POST", "/v1/links", map[string]any{}, []string{"Idempotency-Key", "\xff"}, 422, "invalid_field", "Idempotency-Key"},
		"revoking an unknown link":          {"DELETE", "/v1/links/l_0", nil, nil, 404, "not_found", ""},
		"a link where there are none":       {"POST", "/v1/links", map[string]any{"purpose": "resume", "conversation": "c"}, []string{"Authorization", "Bearer " + boltKey}, 422, "links_not_configured", ""},
		"a pane with a made-up signature":   {"GET", "/pane/abc.def", nil, nil, 403, "bad_signature", ""},
		"a webhook of nobody":               {"POST", "/webhooks/twilio/nobody/status", nil, nil, 403, "bad_signature", ""},
		"a webhook that nobody signed":      {"POST", "/webhooks/twilio/acme/inbound", nil, []string{"Content-Type", "application/x-www-form-urlencoded"}, 403, "bad_signature", ""},
		"a webhook for no SMS account":      {"POST", "/webhooks/twilio/bolt/inbound", nil, []string{"Content-Type", "application/x-www-form-urlencoded"}, 403, "bad_signature", ""},
		"a webhook with too long a form":    {"POST", "/webhooks/twilio/acme/inbound", "Body=" + strings.Repeat("x", 70<<10), []string{"Content-Type", "application/x-www-form-urlencoded"}, 422, "malformed_form", ""},
		"the dashboard without a token":     {"GET", "/monitor/", nil, []string{"Authorization", ""}, 401, "unauthorized", ""},
		"the dashboard with an API key":     {"GET", "/monitor/", nil, nil, 401, "unauthorized", ""},
		"a change through the dashboard":    {"POST", "/monitor/api/queues/x:pause", nil, []string{"Authorization", "Bearer " + adminToken}, 405, "method_not_allowed", ""},
		"deleting through the dashboard":    {"DELETE", "/monitor/api/queues/x", nil, []string{"Authorization", "Bearer " + adminToken}, 405, "method_not_allowed", ""},
		"a browser of another site (CORS)":  {"OPTIONS", "/v1/links", nil, []string{"Origin", "https://evil.example", "Access-Control-Request-Method", "POST"}, 405, "method_not_allowed", ""},
		"a conversation in a strange query": {"GET", "/v1/deliveries?state=%zz&cursor=%00", nil, nil, 422, "invalid_field", "cursor"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &door{t: t, url: d.url}
			r := d.do(c.method, c.path, c.body, c.headers...)
			r.refused(c.status, c.code, c.field)
			if r.header.Get("Access-Control-Allow-Origin") != "" {
				t.Error("another site may read this")
			}
			if c.status == http.StatusUnauthorized && r.header.Get("WWW-Authenticate") == "" {
				t.Error("a 401 does not say how to sign in")
			}
			if c.field == "Content-Encoding" && r.header.Get("Accept-Encoding") != "identity" {
				t.Error("a 415 does not say which encoding is taken")
			}
			if c.status == http.StatusMethodNotAllowed && r.header.Get("Allow") == "" {
				t.Error("a 405 does not say what is allowed")
			}
		})
	}
}

// refusing is an intake that always refuses.
type refusing struct {
	httpapi.Intake
	err error
}

func (r refusing) Open(context.Context, *config.Organization, string, []byte) error { return r.err }

func TestEveryKindOfFaultHasItsStatus(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err              error
		status           int
		code, retryAfter string
	}{
		"invalid":            {fault.New(fault.Invalid, "x", ""), 422, "x", ""},
		"not found":          {fault.New(fault.NotFound, "x", ""), 404, "x", ""},
		"conflict":           {fault.New(fault.Conflict, "x", ""), 409, "x", ""},
		"denied":             {fault.New(fault.Denied, "x", ""), 403, "x", ""},
		"rate limited":       {fault.New(fault.RateLimited, "x", "").After(90 * time.Second), 429, "x", "90"},
		"unsupported":        {fault.New(fault.Unsupported, "x", ""), 501, "x", ""},
		"transient":          {fmt.Errorf("doing it: %w", fault.New(fault.Transient, "pg_57P01", "PostgreSQL refused")), 503, "unavailable", "2"},
		"ambiguous":          {fault.New(fault.Ambiguous, "x", ""), 500, "x", ""},
		"without a code":     {fault.New(fault.NotFound, "", ""), 404, "not_found", ""},
		"an error of others": {fmt.Errorf("reading ann@example.com: %w", errors.New("SECRET")), 500, "internal", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t, func(deps *httpapi.Deps) { deps.Intake = refusing{err: c.err} })
			r := d.do("PUT", "/v1/conversations/c", "{}")
			r.refused(c.status, c.code, "")
			if got := r.header.Get("Retry-After"); got != c.retryAfter {
				t.Errorf("Retry-After is %q, want %q", got, c.retryAfter)
			}
			if said := string(r.body) + d.log.String(); strings.Contains(said, "SECRET") || strings.Contains(said, "ann@") {
				t.Errorf("an error's text got out: %s", said)
			}
		})
	}
}

// panicking is an intake with a bug.
type panicking struct{ httpapi.Intake }

func (panicking) Open(context.Context, *config.Organization, string, []byte) error { panic("SECRET") }

func (panicking) Note(context.Context, *config.Organization, string, []byte) (chat.Note, error) {
	var list []int
	return chat.Note{}, fmt.Errorf("%d", list[len(list)]) //nolint:gocritic // the bug is the point
}

func TestAPanicIsAnsweredAndLoggedWithoutWhatItSays(t *testing.T) {
	t.Parallel()
	d := newDoor(t, func(deps *httpapi.Deps) { deps.Intake = panicking{} })
	d.do("PUT", "/v1/conversations/c", "{}").refused(500, "internal", "")
	d.do("POST", "/v1/conversations/c/notes", "{}").refused(500, "internal", "")
	log := d.log.String()
	if strings.Contains(log, "SECRET") || !strings.Contains(log, "problem_test.go") || !strings.Contains(log, "index out of range") {
		t.Errorf("logged %s", log)
	}
}

func TestABodyMayHave32MiBAndNoMore(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	head, tail := `{"id":"big","started_at":"2026-11-20T09:12:03Z","messages":[],"padding":"`, `"}`
	body := func(size int) string { return head + strings.Repeat("x", size-len(head)-len(tail)) + tail }
	d.do("PUT", "/v1/conversations/big", body(32<<20)).is(200, nil)
	d.do("PUT", "/v1/conversations/big", body(32<<20+1)).refused(413, "body_too_large", "")
	chunked := io.MultiReader(strings.NewReader(body(32<<20 + 1))) // of a length that is not known
	d.do("PUT", "/v1/conversations/big", chunked).refused(413, "body_too_large", "")
	d.do("POST", "/v1/links", `{"x":"`+strings.Repeat("x", 1<<20)+`"}`).refused(413, "body_too_large", "")
}

func TestWhoSendsTooMuchHearsSoThoughItIsSlow(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	const size = 33 << 20
	for name, body := range map[string]func(io.Writer) error{
		"sent in two parts": func(w io.Writer) error {
			_, first := io.CopyN(w, zeros{}, size-1)
			time.Sleep(2 * time.Second) // longer than a server waits that has hung up
			_, second := io.CopyN(w, zeros{}, 1)
			return errors.Join(first, second)
		},
		"announced and not sent": nil,
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(d.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		expect := "Expect: 100-continue\r\n"
		if body != nil {
			expect = ""
		}
		fmt.Fprintf(conn, "PUT /v1/conversations/big HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n%sContent-Length: %d\r\n\r\n", acmeKey, expect, size)
		if body != nil {
			if err := body(conn); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		answer := make([]byte, 12)
		if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "HTTP/1.1 413" {
			t.Errorf("%s: answered %q (%v)", name, answer, err)
		}
	}
}

func TestABodyThatEndsEarlyIsRefused(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(d.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "PUT /v1/conversations/c HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 100\r\n\r\n{", acmeKey)
	_ = conn.(*net.TCPConn).CloseWrite()
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(answer), `"incomplete_body"`) {
		t.Errorf("answered %s (%v)", answer, err)
	}
}

func TestABodyThatDoesNotComeIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	server := httptest.NewUnstartedServer(d.handler)
	server.Config.ReadTimeout = 200 * time.Millisecond
	server.Start()
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "PUT /v1/conversations/c HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 100\r\n\r\n{", acmeKey)
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") || !strings.Contains(string(answer), `"request_timeout"`) {
		t.Errorf("answered %s (%v)", answer, err)
	}
}

func TestPostgreSQLAwayIs503AndReadyzSaysSo(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.do("GET", "/readyz", nil).is(200, nil)
	d.down = map[string]error{"redis": errors.New("dial tcp 10.1.2.3:6379: connection refused")}
	if r := d.do("GET", "/readyz", nil); r.status != 503 || string(r.body) != `{"postgres":"ok","redis":"unavailable"}`+"\n" {
		t.Errorf("answered %d %s", r.status, r.body)
	}
	d.store.Close()
	r := d.do("POST", "/v1/conversations/c/end", chatOf("c"))
	r.refused(503, "unavailable", "")
	if r.header.Get("Retry-After") == "" {
		t.Error("a 503 does not say when to try again")
	}
	if r := d.do("GET", "/readyz", nil); r.status != 503 || !strings.Contains(string(r.body), `"postgres":"unavailable"`) {
		t.Errorf("answered %d %s", r.status, r.body)
	}
	d.do("GET", "/healthz", nil).is(200, nil)
}

func TestWithoutKeysThereAreNoPanes(t *testing.T) {
	t.Parallel()
	none, err := signing.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	d := newDoor(t, func(deps *httpapi.Deps) { deps.Keys = none })
	d.ended("c")
	d.do("POST", "/v1/conversations/c/pane", map[string]any{"agent": "a"}).refused(501, "pane_not_configured", "")
}
