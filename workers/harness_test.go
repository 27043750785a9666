package workers_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/dispatch"
	"github.com/afterchat/afterchat/internal/fetch"
	"github.com/afterchat/afterchat/internal/intake"
	"github.com/afterchat/afterchat/internal/pdf"
	"github.com/afterchat/afterchat/internal/portrait"
	"github.com/afterchat/afterchat/internal/signing"
	"github.com/afterchat/afterchat/internal/store"
	"github.com/afterchat/afterchat/internal/testenv"
	"github.com/afterchat/afterchat/templates"
	"github.com/afterchat/afterchat/workers"
	"github.com/afterchat/afterchat/workers/tasks"
)

const acme = "acme"

// rig is a worker with a database of its own and vendors that behave.
type rig struct {
	t        *testing.T
	worker   *workers.Worker
	store    *store.Store
	db       *pgxpool.Pool
	rests    *dispatch.Rests
	accounts accounts
	log      *lockedBuffer
	putBack  []time.Duration
}

// accounts are the accounts of the one organization by target.
type accounts map[string]*connectors.Account

func (a accounts) Account(organization, target string) *connectors.Account {
	if organization != acme {
		return nil
	}
	return a[target]
}

// free is a limiter that lets everything through.
type free struct{}

func (free) Take(context.Context, string, connectors.Rate) time.Duration     { return 0 }
func (free) TakeTurn(context.Context, string, connectors.Rate) time.Duration { return 0 }
func (free) Rest(context.Context, string, time.Duration)                     {}

func newRig(t *testing.T) *rig {
	t.Helper()
	return newRigWith(t, chat.Terms{Lease: 45 * time.Second, Grace: 15 * time.Second, MaxAge: 72 * time.Hour})
}

func newRigWith(t *testing.T, terms chat.Terms) *rig {
	t.Helper()
	dsn := testenv.PostgresTemplate(t, "workers_"+migrationsHash(t), func(dsn string) error {
		s, err := store.Open(context.Background(), dsn, terms)
		if err != nil {
			return err
		}
		defer s.Close()
		_, err = s.Migrate(context.Background())
		return err
	})
	s, err := store.Open(t.Context(), dsn, terms)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	db, err := pgxpool.New(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	renderer, err := templates.New()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := signing.New([]connectors.Secret{"a-secret-of-thirty-two-bytes-or-more"})
	if err != nil {
		t.Fatal(err)
	}
	organization := &config.Organization{
		ID: acme, Name: "Acme Coffee", Locale: "en", Timezone: "UTC",
		Desks: map[string]connectors.Settings{"zd": settings{}}, Mail: &config.Mail{SMTP: settings{}}, SMS: settings{},
		Tickets:     []config.TicketRule{{Desk: "zd", Body: chat.Internal}},
		Transcripts: []config.TranscriptRule{{To: "user", Audience: chat.Customer}},
		Links:       &config.Links{Target: "https://acme.example/chat", Secret: "another-secret-of-32-bytes-or-more", TTL: config.Duration(time.Hour)},
	}
	r := &rig{t: t, store: s, db: db, rests: dispatch.NewRests(), accounts: accounts{}, log: &lockedBuffer{}}
	in := &intake.Intake{
		Store: s, Keys: keys, PublicURL: "https://after.example", Wake: func() {},
		Number: func(_ *config.Organization, raw string) (string, error) { return raw, nil },
		Opened: func(context.Context, string, string) {},
	}
	fetcher := fetch.New(fetch.Options{})
	r.worker = &workers.Worker{
		Store: s, Accounts: r.accounts, Resting: r.rests, Organizations: map[string]*config.Organization{acme: organization},
		Letters: workers.Letters{
			Renderer: renderer, Printer: pdf.New(renderer, "", func(string, string, time.Duration) {}), Fetcher: fetcher, Portraits: portrait.New(fetcher),
		},
		Intake: in, Keys: keys, PublicURL: "https://after.example",
		Log: slog.New(slog.NewTextHandler(r.log, nil)), Wake: func() {}, UnknownFor: time.Hour,
		PutBack: func(_ context.Context, _ *asynq.Task, delay time.Duration) error {
			r.putBack = append(r.putBack, delay)
			return nil
		},
	}
	return r
}

func (r *rig) organization() *config.Organization { return r.worker.Organizations[acme] }

// account gives a target a vendor that behaves as its traits say.
func (r *rig) account(target string, traits connectors.Traits, onUnknown connectors.OnUnknown) *vendor {
	return r.accountAt("", target, traits, onUnknown)
}

// accountAt does so with a vendor at an address.
func (r *rig) accountAt(base, target string, traits connectors.Traits, onUnknown connectors.OnUnknown) *vendor {
	v := &vendor{base: base, traits: traits}
	r.accounts[target] = connectors.NewAccount(v, settings{base: base, onUnknown: onUnknown}, free{}, func(string, string, time.Duration) {})
	return v
}

type settings struct {
	connectors.Common
	base      string
	onUnknown connectors.OnUnknown
}

func (s settings) CommonSettings() connectors.Common {
	return connectors.Common{BaseURL: s.base, OnUnknown: s.onUnknown}
}
func (settings) Identity() string { return "vendor" }

// sample is a chat with everything that no customer may see.
func sample(id string, episode int) chat.Snapshot {
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC).Add(time.Duration(episode) * 24 * time.Hour)
	return chat.Snapshot{
		ID: id, Episode: episode, StartedAt: at, EndedAt: at.Add(time.Minute), Outcome: "follow_up",
		User:   chat.User{Name: "Ann Lee", Email: "ann@example.com"},
		Agents: []chat.Agent{{ID: "a_1", Name: "Bo Ekholm", DisplayName: "Bo", Email: "bo@acme.example"}},
		Messages: []chat.Message{
			{ID: id + ".1", At: at, Author: chat.Author{Kind: chat.AuthorUser}, Text: "It smells of toast"},
			{ID: id + ".2", At: at.Add(time.Second), Author: chat.Author{Kind: chat.AuthorAgent, ID: "a_1"}, Text: "Unplug it"},
		},
		Notes: []chat.Note{{ID: "n1", At: at.Add(2 * time.Second), Agent: "a_1", Text: "Boiler replaced"}},
		Flags: []chat.Flag{{Code: "fire_hazard", Source: "agent", Reason: "toast"}},
	}
}

// private are words of the sample that no customer may see.
func private() []string {
	return []string{"Boiler replaced", "fire_hazard", "Ekholm", "bo@acme.example"}
}

// end ends a chat and returns its deliveries.
func (r *rig) end(s chat.Snapshot) map[chat.Action]chat.Key {
	r.t.Helper()
	body, err := json.Marshal(s)
	if err != nil {
		r.t.Fatal(err)
	}
	_, deliveries, err := r.worker.Intake.End(r.t.Context(), r.organization(), s.ID, body)
	if err != nil {
		r.t.Fatal(err)
	}
	out := map[chat.Action]chat.Key{}
	for _, d := range deliveries {
		out[d.Action] = d.ID
	}
	return out
}

// run wakes a delivery as asynq does.
func (r *rig) run(id chat.Key) store.Timeline {
	r.t.Helper()
	d := r.see(id)
	task, _, err := dispatch.Task(store.Wakeup{Delivery: id, Organization: acme, Target: d.Target, Action: d.Action})
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.worker.Handler().ProcessTask(r.t.Context(), task); err != nil {
		r.t.Fatal(err)
	}
	return r.see(id)
}

func (r *rig) see(id chat.Key) store.Timeline {
	r.t.Helper()
	d, err := r.store.Delivery(r.t.Context(), acme, id)
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}

// age makes everything that was noted of a delivery so much older.
func (r *rig) age(id chat.Key, by time.Duration) {
	r.t.Helper()
	r.exec(`update deliveries set due_at = due_at - $2::interval, lease_until = lease_until - $2::interval,
		first_call_at = first_call_at - $2::interval, last_call_at = last_call_at - $2::interval where id = $1`, id, by)
}

func (r *rig) exec(sql string, args ...any) {
	r.t.Helper()
	if _, err := r.db.Exec(r.t.Context(), sql, args...); err != nil {
		r.t.Fatal(err)
	}
}

// take hands in a chat core's task.
func (r *rig) take(taskType string, payload any) error {
	r.t.Helper()
	raw, ok := payload.([]byte)
	if !ok {
		var err error
		if raw, err = json.Marshal(payload); err != nil {
			r.t.Fatal(err)
		}
	}
	return r.worker.Handler().ProcessTask(r.t.Context(), asynq.NewTask(taskType, raw, asynq.Queue(tasks.QueueIntake)))
}

func migrationsHash(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("../internal/store/migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal("no migrations", err)
	}
	h := sha256.New()
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		h.Write(raw)
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}

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
