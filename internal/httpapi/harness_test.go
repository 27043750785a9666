package httpapi_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/twilio"
	"github.com/afterchat/afterchat/internal/bounce"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/httpapi"
	"github.com/afterchat/afterchat/internal/intake"
	"github.com/afterchat/afterchat/internal/plan"
	"github.com/afterchat/afterchat/internal/signing"
	"github.com/afterchat/afterchat/internal/store"
	"github.com/afterchat/afterchat/internal/testenv"
	"github.com/afterchat/afterchat/templates"
)

const (
	acmeKey    = "acme-api-key"
	boltKey    = "bolt-api-key"
	bareKey    = "bare-api-key"
	adminToken = "the-admin-token"
	publicURL  = "https://after.example"
	secretKey  = "a secret key of at least 32 bytes in all"
	accountSID = "AC0123456789abcdef0123456789abcdef"
	smsToken   = "0123456789abcdef0123456789abcdef"
	// bounceSecret is acme's; bolt's begins with it.
	bounceSecret = "the-secret-of-acmes-bounces"
	linkSecret   = "the secret of acme's links, which is long"
)

// door is a whole door over a real database, with two organizations.
type door struct {
	t       *testing.T
	url     string
	dsn     string
	store   *store.Store
	handler http.Handler
	log     *safeBuffer
	deps    httpapi.Deps

	mu        sync.Mutex
	refreshed []string
	canLook   bool
	down      map[string]error
	bounces   []string
}

// newDoor opens a door; change may alter what it depends on.
func newDoor(t *testing.T, change ...func(*httpapi.Deps)) *door {
	t.Helper()
	d := &door{t: t, dsn: database(t), log: &safeBuffer{}}
	s, err := store.Open(t.Context(), d.dsn, chat.Terms{Lease: time.Minute, Grace: time.Second, MaxAge: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	d.store = s
	keys, err := signing.New([]connectors.Secret{secretKey})
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := templates.New()
	if err != nil {
		t.Fatal(err)
	}
	refresh := func(_ context.Context, organization, conversation string) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.refreshed = append(d.refreshed, organization+"/"+conversation)
	}
	log := slog.New(slog.NewJSONHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	d.deps = httpapi.Deps{
		Bounces: &bounce.Taker{Store: s, Keys: keys, Observe: d.observe, Log: log},
		Store:   s, Organizations: organizations(), Keys: keys, Renderer: renderer, PublicURL: publicURL, AdminToken: adminToken,
		Intake:       &intake.Intake{Store: s, Keys: keys, PublicURL: publicURL, Number: number, Wake: func() {}, Opened: refresh},
		Accounts:     d,
		VerifyTwilio: verifyTwilio, Number: number, Newer: twilio.Newer, Flags: plan.Flags,
		Historians: func(o *config.Organization) []string {
			if o.ID == "acme" {
				return []string{"zd"}
			}
			return nil
		},
		Refresh: refresh,
		Ready: func(ctx context.Context) map[string]error {
			d.mu.Lock()
			defer d.mu.Unlock()
			return map[string]error{"postgres": s.Ping(ctx), "redis": d.down["redis"]}
		},
		Monitor: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the dashboard") }),
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "some_metric 1") }),
		Log:     log,
	}
	for _, f := range change {
		f(&d.deps)
	}
	h, err := httpapi.New(d.deps)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	server.Config = httpapi.Server("", h)
	server.Start()
	t.Cleanup(server.Close)
	d.url, d.handler = server.URL, h
	return d
}

// observe is where the door counts bounces.
func (d *door) observe(by, outcome string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.bounces = append(d.bounces, by+" "+outcome)
}

func (d *door) counted() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.bounces)
}

// CanLook is the door's accounts.
func (d *door) CanLook(chat.Delivery) bool { return d.canLook }

func organizations() map[string]*config.Organization {
	return map[string]*config.Organization{
		"acme": {
			ID: "acme", Name: "Acme Coffee", APIKeys: []connectors.Secret{"acme-old-key", acmeKey}, Locale: "en", Timezone: "Europe/Stockholm", Region: "SE",
			SMS:         &twilio.Settings{Common: connectors.Common{Type: "twilio"}, AccountSID: accountSID, AuthToken: smsToken, From: "+15005550006", Countries: []string{"SE", "US"}},
			Mail:        &config.Mail{Bounces: &config.Bounces{ReturnPath: "bounces@acme.example", Secret: bounceSecret}},
			Tickets:     []config.TicketRule{{Desk: "zd", Body: chat.Internal}},
			Transcripts: []config.TranscriptRule{{To: "user", Audience: chat.Customer}},
			Flags:       []config.FlagRule{{Code: "health_and_safety", Words: map[string][]string{"en": {"smoke"}}}},
			Links:       &config.Links{Target: "https://acme.example/chat?shop=1", Secret: linkSecret, TTL: config.Duration(time.Hour)},
		},
		"bolt": {
			ID: "bolt", Name: "Bolt", APIKeys: []connectors.Secret{boltKey}, Timezone: "UTC",
			Mail: &config.Mail{Bounces: &config.Bounces{ReturnPath: "bounces@bolt.example", Secret: bounceSecret + "-bolt"}},
		},
		"bare": {ID: "bare", Name: "Bare", APIKeys: []connectors.Secret{bareKey}},
		"shut": {ID: "shut", Name: "Shut", Mail: &config.Mail{Bounces: &config.Bounces{Listen: "127.0.0.1:2525"}}},
		"deaf": {ID: "deaf", Name: "Deaf"},
	}
}

func number(o *config.Organization, raw string) (string, error) {
	return twilio.NormalizeNumber(raw, o.Region, []string{"SE", "US"})
}

func verifyTwilio(o *config.Organization, address string, form url.Values, signature string) bool {
	s, ok := o.SMS.(*twilio.Settings)
	if !ok {
		return false
	}
	client, err := twilio.New(s)
	return err == nil && client.ValidateSignature(address, form, signature)
}

func database(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("../store/migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no migrations: %v", err)
	}
	h := sha256.New()
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		h.Write(raw)
	}
	return testenv.PostgresTemplate(t, "httpapi_"+hex.EncodeToString(h.Sum(nil)[:8]), func(dsn string) error {
		s, err := store.Open(context.Background(), dsn, chat.Terms{})
		if err != nil {
			return err
		}
		defer s.Close()
		_, err = s.Migrate(context.Background())
		return err
	})
}

// exec changes the database as no call can.
func (d *door) exec(sql string, args ...any) {
	d.t.Helper()
	d.connected(func(conn *pgx.Conn) error {
		_, err := conn.Exec(d.t.Context(), sql, args...)
		return err
	})
}

// ask returns one text from the database.
func (d *door) ask(sql string) (text string) {
	d.t.Helper()
	d.connected(func(conn *pgx.Conn) error { return conn.QueryRow(d.t.Context(), sql).Scan(&text) })
	return text
}

func (d *door) connected(f func(*pgx.Conn) error) {
	d.t.Helper()
	conn, err := pgx.Connect(d.t.Context(), d.dsn)
	if err != nil {
		d.t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if err := f(conn); err != nil {
		d.t.Fatal(err)
	}
}

// reply is an answer that was read to its end.
type reply struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
}

// do sends a request as acme; headers come in pairs and replace the usual ones.
func (d *door) do(method, path string, body any, headers ...string) reply {
	d.t.Helper()
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(b)
	case io.Reader:
		reader = b
	case url.Values:
		reader = strings.NewReader(b.Encode())
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			d.t.Fatal(err)
		}
		reader = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(d.t.Context(), method, d.url+path, reader)
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+acmeKey)
	req.Header.Set("Content-Type", "application/json")
	for pair := range slices.Chunk(headers, 2) {
		req.Header.Set(pair[0], pair[1])
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 3 * time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return reply{t: d.t, status: res.StatusCode, header: res.Header, body: raw}
}

// is checks the status and decodes the answer.
func (r reply) is(status int, into any) reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("answered %d, want %d: %s", r.status, status, r.body)
	}
	if into != nil {
		if err := json.Unmarshal(r.body, into); err != nil {
			r.t.Fatalf("%v: %s", err, r.body)
		}
	}
	return r
}

// refused checks a problem document.
func (r reply) refused(status int, code, field string) {
	r.t.Helper()
	var p struct {
		Type, Title, Code, Detail, Field string
		Status                           int
	}
	r.is(status, &p)
	if got := r.header.Get("Content-Type"); got != "application/problem+json" {
		r.t.Errorf("a problem came as %q", got)
	}
	if p.Code != code || p.Field != field || p.Status != status || p.Type != "about:blank" || p.Title != http.StatusText(status) {
		r.t.Errorf("got %+v, want code %q at %q", p, code, field)
	}
}

// chatOf is a snapshot of a conversation; change may alter it.
func chatOf(id string, change ...func(map[string]any)) map[string]any {
	s := map[string]any{
		"id": id, "started_at": "2026-11-20T09:12:03Z", "outcome": "follow_up", "future_field": map[string]any{"x": 1},
		"user":   map[string]any{"id": "u_77", "name": "Ann Lee", "email": "ann@example.com"},
		"agents": []any{map[string]any{"id": "a_1", "name": "Bo Ek"}},
		"messages": []any{
			map[string]any{"id": "m1", "at": "2026-11-20T09:12:03Z", "author": map[string]any{"kind": "user", "id": "u_77"}, "text": "It smells of smoke"},
		},
		"notes": []any{map[string]any{"id": "n1", "at": "2026-11-20T09:13:00Z", "agent": "a_1", "text": "Boiler replaced in May"}},
	}
	for _, f := range change {
		f(s)
	}
	return s
}

type plannedDelivery struct{ ID, Action, Target, State string }

// ended ends a conversation and returns what is planned.
func (d *door) ended(id string) []plannedDelivery {
	d.t.Helper()
	var out struct{ Deliveries []plannedDelivery }
	d.do("POST", "/v1/conversations/"+id+"/end", chatOf(id)).is(http.StatusAccepted, &out)
	return out.Deliveries
}

// safeBuffer is a log that several goroutines write.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
