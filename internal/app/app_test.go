package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/app"
	"github.com/afterchat/afterchat/internal/standin"
	"github.com/afterchat/afterchat/internal/testenv"
)

// rig is a running Afterchat with stand-ins around it.
type rig struct {
	t       *testing.T
	vendors *standin.Vendors
	app     *app.App
	door    *httptest.Server
	log     *lockedBuffer
	path    string      // of the configuration
	header  http.Header // of every call, beside the usual
}

// newRig starts one. Each change edits the configuration before it is read.
func newRig(t *testing.T, changes ...func(config string) string) *rig {
	t.Helper()
	return newRigOf(t, app.Options{}, changes...)
}

// newRigOf starts one whose process is told this.
func newRigOf(t *testing.T, options app.Options, changes ...func(config string) string) *rig {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	v, err := standin.Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "afterchat.yaml")
	config := v.Config(standin.Settings{
		Database: testenv.Postgres(t), Redis: testenv.Redis(t), Listen: "127.0.0.1:0", Concurrency: 8, Lease: 5 * time.Second, Grace: time.Second,
	})
	for _, change := range changes {
		config = change(config)
	}
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Migrate(ctx, path); err != nil {
		t.Fatal(err)
	}
	c, err := app.LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	log := &lockedBuffer{}
	options.Log = slog.New(slog.NewTextHandler(log, nil))
	a, err := app.New(ctx, c, options)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, vendors: v, app: a, door: httptest.NewServer(a.Handler()), log: log, path: path}
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		r.door.Close()
		a.Close()
		v.Close()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return r
}

// call makes a request as the organization and decodes the answer.
func (r *rig) call(method, path string, body, into any) int {
	r.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		r.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.door.URL+path, bytes.NewReader(raw))
	if err != nil {
		r.t.Fatal(err)
	}
	maps.Copy(req.Header, r.header)
	req.Header.Set("Authorization", "Bearer "+standin.APIKey)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := r.door.Client().Transport.RoundTrip(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(answer, into); err != nil {
			r.t.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, answer)
		}
	}
	if resp.StatusCode >= 400 {
		r.t.Logf("%s %s: %d %s", method, path, resp.StatusCode, answer)
	}
	return resp.StatusCode
}

type timeline struct {
	Deliveries []struct {
		ID, Action, Target, State string
		Error                     *string
	}
}

// settled waits until all of a conversation's deliveries have ended.
func (r *rig) settled(conversation string) timeline {
	r.t.Helper()
	var tl timeline
	for range 400 {
		r.call(http.MethodGet, "/v1/conversations/"+conversation+"/deliveries", nil, &tl)
		open := false
		for _, d := range tl.Deliveries {
			open = open || d.State == "pending" || d.State == "calling"
		}
		if !open && len(tl.Deliveries) > 0 {
			return tl
		}
		time.Sleep(25 * time.Millisecond)
	}
	r.t.Fatalf("deliveries did not end: %+v", tl)
	return tl
}

func TestOneChatFromEndToTicketNotesTranscriptAndLink(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	chat := standin.Chat(1)
	if code := r.call(http.MethodPost, "/v1/conversations/"+chat.ID+"/end", chat, nil); code != http.StatusAccepted {
		t.Fatalf("end: %d", code)
	}
	if code := r.call(http.MethodPost, "/v1/links", map[string]any{
		"purpose": "resume", "conversation": chat.ID, "send": map[string]string{"channel": "sms", "to": "070-123 45 67"},
	}, nil); code != http.StatusCreated {
		t.Fatalf("link: %d", code)
	}
	tl := r.settled(chat.ID)
	if len(tl.Deliveries) != 4 {
		t.Errorf("%d deliveries, want 4", len(tl.Deliveries))
	}
	for _, d := range tl.Deliveries {
		if d.State != "delivered" {
			t.Errorf("%s is %s (%v)", d.Action, d.State, d.Error)
		}
	}
	tickets := r.vendors.Zendesk.Tickets()
	if len(tickets) != 1 || len(tickets[0].Comments) != 1 || !strings.Contains(tickets[0].Comments[0].Body, "Boiler replaced in May") {
		t.Errorf("tickets: %+v", tickets)
	}
	if mails := r.vendors.Mail.Messages(); len(mails) != 1 {
		t.Errorf("%d mails", len(mails))
	}
	if texts := r.vendors.Twilio.Messages(); len(texts) != 1 || texts[0].To != "+46701234567" {
		t.Errorf("texts: %+v", texts)
	}
	for key, n := range r.vendors.Effects() {
		if n != 1 {
			t.Errorf("%s came %d times", key, n)
		}
	}
	for _, secret := range []string{"Boiler", "visitor1@example.com", "+46701234567", standin.APIKey} {
		if strings.Contains(r.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

func TestABadAddressSuppressesOnlyWhatWouldHaveUsedIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	chat := standin.Chat(2)
	chat.User.Email, chat.User.Phone = "no address", "call me"
	if code := r.call(http.MethodPost, "/v1/conversations/"+chat.ID+"/end", chat, nil); code != http.StatusAccepted {
		t.Fatalf("end: %d", code)
	}
	want := map[string]string{"file_ticket": "delivered", "attach_notes": "delivered", "email_transcript": "suppressed"}
	for _, d := range r.settled(chat.ID).Deliveries {
		if d.State != want[d.Action] {
			t.Errorf("%s is %s (%v), want %s", d.Action, d.State, d.Error, want[d.Action])
		}
	}
	if tickets := r.vendors.Zendesk.Tickets(); len(tickets) != 1 {
		t.Errorf("%d tickets, want 1", len(tickets))
	}
}

// A process that only works has no door, but an orchestrator and Prometheus ask it, too.
func TestAWorkerAloneAnswersAboutItselfAndNothingElse(t *testing.T) {
	t.Parallel()
	r := newRigOf(t, app.Options{Roles: []string{app.RoleWorker}}, func(config string) string {
		return strings.Replace(config, "workers: {", "workers: {listen: '127.0.0.1:0', ", 1)
	})
	listening := regexp.MustCompile(`msg=listening address=(\S+)`)
	for path, want := range map[string]int{"/healthz": 200, "/metrics": 200, "/readyz": 200, "/v1/deliveries": 404, "/monitor/": 404} {
		got := 0
		for range 400 {
			if at := listening.FindStringSubmatch(r.log.String()); at != nil {
				answer, err := r.door.Client().Get("http://" + at[1] + path)
				if err != nil {
					t.Fatal(err)
				}
				_ = answer.Body.Close()
				got = answer.StatusCode
			}
			if got == want {
				break
			}
			time.Sleep(25 * time.Millisecond) // not ready yet
		}
		if got != want {
			t.Errorf("%s is answered with %d, want %d", path, got, want)
		}
	}
}
