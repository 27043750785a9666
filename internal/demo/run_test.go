package demo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/afterchat/afterchat/internal/demo"
)

// TestMain also sees to it that a demo that has ended has left nothing running.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// result is the tally as JSON.
type result struct {
	Chats, Deliveries, Delivered, Suppressed *int
	Lost, Duplicated, Stray, Wrong           *int
	Seconds                                  *float64
	Actions                                  map[string]int
}

func once(t *testing.T, o demo.Options) result {
	t.Helper()
	var out, errs bytes.Buffer
	o.Once, o.JSON, o.Out, o.Err = true, true, &out, &errs
	if err := demo.Run(t.Context(), o); err != nil {
		t.Fatalf("%v\n%s%s", err, out.String(), errs.String())
	}
	if errs.Len() > 0 {
		t.Errorf("warnings: %s", errs.String())
	}
	var r result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil || strings.Count(out.String(), "\n") != 1 {
		t.Fatalf("not one line of JSON (%v): %s", err, out.String())
	}
	for name, n := range map[string]*int{"lost": r.Lost, "duplicated": r.Duplicated, "stray": r.Stray, "wrong": r.Wrong} {
		if n == nil || *n != 0 {
			t.Errorf("%s: %s", name, out.String())
		}
	}
	if r.Seconds == nil || *r.Seconds <= 0 {
		t.Errorf("no seconds: %s", out.String())
	}
	return r
}

func TestOnceDeliversFourOfEachChatAndFindsAllRight(t *testing.T) {
	t.Parallel()
	const count = 20
	r := once(t, demo.Options{Count: count})
	if *r.Chats != count || *r.Deliveries != 4*count || *r.Delivered != 4*count || *r.Suppressed != 0 {
		t.Errorf("%d chats, %d of %d delivered, %d suppressed", *r.Chats, *r.Delivered, *r.Deliveries, *r.Suppressed)
	}
	for _, action := range []string{"file_ticket", "attach_notes", "email_transcript", "send_link"} {
		if r.Actions[action] != count {
			t.Errorf("%s: %d", action, r.Actions[action])
		}
	}
}

func TestOnceTakesChatsFromAFileInTheirCountryAndSuppressesWhatHasNowhereToGo(t *testing.T) {
	t.Parallel()
	const messages = `"started_at":"2026-11-20T09:00:00Z","locale":"en-US","outcome":"unresolved","messages":[` +
		`{"id":"m1","at":"2026-11-20T09:00:00Z","author":{"kind":"user"},"text":"مرحبا 👋 <b>bold</b> & \u0007 100 %\n\nnew line"}]`
	path := filepath.Join(t.TempDir(), "chats.jsonl")
	if err := os.WriteFile(path, []byte(strings.Join([]string{
		`{"id":"reachable","user":{"email":"ann@example.com","phone":"(202) 555-0147"},` + messages + `}`,
		`{"id":"nobody",` + messages + `}`,
		`{"id":"typed/wrongly?","user":{"email":"bo@example.com","phone":"12"},` + messages + `}`,
	}, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	r := once(t, demo.Options{Chats: path})
	if *r.Chats != 3 || *r.Deliveries != 8 || *r.Suppressed != 2 || r.Actions["file_ticket"] != 3 || r.Actions["email_transcript"] != 2 || r.Actions["send_link"] != 1 {
		t.Errorf("%d of %d delivered, %d suppressed, %v", *r.Delivered, *r.Deliveries, *r.Suppressed, r.Actions)
	}
}

func TestARealFileOfChatsIsAllRight(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "..", "shared", "chats", "abcd.jsonl")
	if _, err := os.Stat(path); err != nil {
		t.Skip("the folder ../shared, which is optional, is not there")
	}
	if r := once(t, demo.Options{Chats: path, Count: 6}); *r.Chats != 6 || r.Actions["send_link"] < 2 {
		t.Errorf("%d chats, %v", *r.Chats, r.Actions)
	}
}

func TestABadFileStartsNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "chats.jsonl")
	if err := os.WriteFile(path, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, isOnce := range []bool{true, false} {
		var out bytes.Buffer
		err := demo.Run(t.Context(), demo.Options{Once: isOnce, Chats: path, Out: &out, Err: io.Discard})
		if err == nil || !strings.Contains(err.Error(), "line 1") || out.Len() > 0 {
			t.Errorf("%v, %s", err, out.String())
		}
	}
}

// site is a demo that is being watched.
type site struct {
	t   *testing.T
	url string
}

func watch(t *testing.T) *site {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, errs := &lockedBuffer{}, &lockedBuffer{}
	done := make(chan error, 1)
	go func() { done <- demo.Run(ctx, demo.Options{Out: out, Err: errs}) }()
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
	s := &site{t: t}
	eventually(t, "the demo to say where it is", func() bool {
		s.url = address.FindString(out.String())
		return s.url != ""
	})
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("Ctrl-C: %v", err)
		}
		if _, err := new(http.Transport).RoundTrip(mustRequest(t, http.MethodGet, s.url)); err == nil {
			t.Error("the page still answers after Ctrl-C")
		}
		if errs.String() != "" {
			t.Errorf("warnings: %s", errs.String())
		}
	})
	return s
}

// do makes a request and follows nothing.
func (s *site) do(r *http.Request) (int, http.Header, string) {
	s.t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(body)
}

func (s *site) get(path string) (int, http.Header, string) {
	s.t.Helper()
	return s.do(mustRequest(s.t, http.MethodGet, s.url+path))
}

type scene struct {
	ID, State  string
	Done, All  int
	Pane       string
	Deliveries []struct{ ID, Action, State string }
	Steps      map[string]struct{ Kind string }
	Details    struct{ Conversation string }
	Tickets    []struct {
		Requester, Reach, Priority string
		Comments                   []struct {
			Kind, Body string
			Public     bool
		}
	}
	Mails []struct{ Key, To, Text string }
	Texts []struct{ To, Body string }
}

func (s *site) scene(id string) (chats int, c *scene) {
	s.t.Helper()
	code, _, body := s.get("/demo/state?chat=" + id)
	var answer struct {
		Chats []struct{ ID string }
		Chat  *scene
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || code != http.StatusOK {
		s.t.Fatalf("state: %d %s", code, body)
	}
	return len(answer.Chats), answer.Chat
}

// await waits until a chat looks as wanted.
func (s *site) await(id, what string, wanted func(*scene) bool) *scene {
	s.t.Helper()
	var c *scene
	eventually(s.t, what, func() bool {
		_, c = s.scene(id)
		return c != nil && wanted(c)
	})
	return c
}

func (s *site) press(path string) {
	s.t.Helper()
	if code, _, body := s.do(mustRequest(s.t, http.MethodPost, s.url+path)); code != http.StatusOK {
		s.t.Fatalf("POST %s: %d %s", path, code, body)
	}
}

func TestThePageShowsWhatComesOfAChat(t *testing.T) {
	t.Parallel()
	s := watch(t)
	c := s.await("smoke", "the first chat to be done", func(c *scene) bool {
		return c.State == "done" && c.Done == 4 && len(c.Texts) == 1 && len(c.Tickets) == 1
	})
	if c.Tickets[0].Priority != "urgent" || c.Tickets[0].Reach != "ann.lee@example.com" || len(c.Tickets[0].Comments) != 1 || c.Tickets[0].Comments[0].Public {
		t.Errorf("ticket: %+v", c.Tickets)
	}
	if len(c.Mails) != 1 || c.Mails[0].To != "ann.lee@example.com" || !strings.Contains(c.Mails[0].Text, "smoke coming out") {
		t.Errorf("mails: %+v", c.Mails)
	}
	if c.Texts[0].To != "+46701234567" || c.Details.Conversation != "smoke" || len(c.Deliveries) != 4 || len(c.Steps) != 4 {
		t.Errorf("%+v", c)
	}
	code, header, page := s.get("/demo/mail/" + c.Mails[0].Key)
	if code != http.StatusOK || !strings.HasPrefix(header.Get("Content-Security-Policy"), "sandbox;") || !strings.Contains(page, "smoke coming out") {
		t.Errorf("mail: %d %v", code, header)
	}
	if code, _, _ := s.get(strings.TrimPrefix(c.Pane, s.url)); code != http.StatusOK {
		t.Errorf("pane: %d", code)
	}
	s.redeem(regexp.MustCompile(`/r/\w+`).FindString(c.Texts[0].Body))
}

// redeem opens a link as a user does and looks at where it leads.
func (s *site) redeem(link string) {
	s.t.Helper()
	if code, _, page := s.get(link); code != http.StatusOK || !strings.Contains(page, "<form") {
		s.t.Errorf("GET %s: %d", link, code)
	}
	code, header, _ := s.do(mustRequest(s.t, http.MethodPost, s.url+link))
	target := strings.TrimPrefix(header.Get("Location"), s.url)
	if code != http.StatusSeeOther || !strings.HasPrefix(target, "/resumed?grant=") {
		s.t.Fatalf("POST: %d %v", code, header)
	}
	code, _, page := s.get(target)
	for _, want := range []string{"Chat resumed", ">smoke<", ">acme<", ">resume<"} {
		if code != http.StatusOK || !strings.Contains(page, want) {
			s.t.Errorf("the page after the link (%d) lacks %q", code, want)
		}
	}
	if code, _, page := s.get(target[:len(target)-4] + "AAAA"); code != http.StatusForbidden || !strings.Contains(page, "No entry") {
		s.t.Errorf("a forged grant: %d", code)
	}
}

func TestTheButtonsDoWhatTheySay(t *testing.T) {
	t.Parallel()
	s := watch(t)
	s.await("smoke", "the first chat to be done", func(c *scene) bool { return c.Done == 4 })

	s.press("/demo/chats/smoke/note")
	s.await("smoke", "the late note", func(c *scene) bool {
		return len(c.Tickets[0].Comments) == 2 && c.Tickets[0].Comments[1].Kind == "late_note" && !c.Tickets[0].Comments[1].Public
	})
	s.press("/demo/chats/smoke/contact")
	s.await("smoke", "the amended requester", func(c *scene) bool { return strings.HasPrefix(c.Tickets[0].Reach, "reach.me") })
	s.press("/demo/chats/smoke/episode")
	s.await("smoke", "episode 2 on the same ticket", func(c *scene) bool {
		return len(c.Tickets) == 1 && len(c.Tickets[0].Comments) == 4 && len(c.Mails) == 2
	})
	s.await("visitor", "a chat that waits for contact data", func(c *scene) bool { return c.State == "waiting" && len(c.Tickets) == 0 })
	s.press("/demo/chats/visitor/contact")
	s.await("visitor", "its ticket", func(c *scene) bool {
		return c.State == "done" && len(c.Tickets) == 1 && c.Tickets[0].Requester == "Robin Berg" && len(c.Mails) == 1
	})
	s.await("kim", "the requester that came late", func(c *scene) bool {
		return len(c.Tickets) == 1 && c.Tickets[0].Reach == "kim.larsson@example.com"
	})
	before, _ := s.scene("")
	s.press("/demo/chats")
	if after, _ := s.scene(""); after != before+1 {
		t.Errorf("%d chats, then %d", before, after)
	}
	if code, _, _ := s.do(mustRequest(t, http.MethodPost, s.url+"/demo/chats/nobody/note")); code != http.StatusNotFound {
		t.Errorf("a note for a chat that is not shown: %d", code)
	}
}

func TestThePagesAreForThisMachineAlone(t *testing.T) {
	t.Parallel()
	s := watch(t)
	for _, path := range []string{"/", "/demo/page.css", "/demo/page.js", "/demo/state", "/monitor/", "/docs", "/healthz"} {
		if code, _, _ := s.get(path); code != http.StatusOK {
			t.Errorf("%s: %d", path, code)
		}
	}
	for _, path := range []string{"/", "/demo/state", "/monitor/"} {
		r := mustRequest(t, http.MethodGet, s.url+path)
		r.Host = "rebound.example:80"
		if code, _, _ := s.do(r); code != http.StatusForbidden {
			t.Errorf("%s by another name: %d", path, code)
		}
	}
	r := mustRequest(t, http.MethodPost, s.url+"/demo/chats")
	r.Header.Set("Origin", "https://elsewhere.example")
	if code, _, _ := s.do(r); code != http.StatusForbidden {
		t.Errorf("a button on another site: %d", code)
	}
	for _, path := range []string{"/demo/mail/x", "/demo/mail/" + strings.Repeat("0", 32), "/demo/nothing"} {
		if code, _, _ := s.get(path); code != http.StatusNotFound {
			t.Errorf("%s: %d", path, code)
		}
	}
	if code, _, _ := s.get("/resumed"); code != http.StatusForbidden {
		t.Errorf("no grant: %d", code)
	}
}

func mustRequest(t *testing.T, method, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(90 * time.Second); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// lockedBuffer may be written while it is read.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
