package store_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/plan"
	"github.com/afterchat/afterchat/internal/store"
	"github.com/afterchat/afterchat/internal/testenv"
)

// rig is a store on a database of its own, and a second way into that database to look
// at what the store does not show and to move its clock.
type rig struct {
	*store.Store
	t   testing.TB
	dsn string
	db  *pgxpool.Pool
	// desk takes every chat's ticket, and a chat's user gets a transcript.
	organization *config.Organization
}

const acme = "acme"

type desk struct{ connectors.Common }

func (desk) Identity() string { return "desk" }

func newRig(t testing.TB) *rig {
	t.Helper()
	dsn := testenv.PostgresTemplate(t, "store_"+migrationsHash(t), func(dsn string) error {
		s, err := store.Open(context.Background(), dsn, chat.Terms{})
		if err != nil {
			return err
		}
		defer s.Close()
		_, err = s.Migrate(context.Background())
		return err
	})
	db, err := pgxpool.New(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	r := &rig{
		t: t, dsn: dsn, db: db,
		organization: &config.Organization{
			ID: acme, Desks: map[string]connectors.Settings{"zd": desk{}, "another": desk{}},
			Tickets:     []config.TicketRule{{Desk: "zd", Body: chat.Internal}},
			Transcripts: []config.TranscriptRule{{To: plan.ToUser, Audience: chat.Customer}},
		},
	}
	r.Store = r.open()
	return r
}

// open opens the store once more, as another process does.
func (r *rig) open() *store.Store {
	r.t.Helper()
	s, err := store.Open(r.t.Context(), r.dsn, chat.Terms{Lease: 45 * time.Second, Grace: 15 * time.Second, MaxAge: 72 * time.Hour})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(s.Close)
	return s
}

func migrationsHash(t testing.TB) string {
	t.Helper()
	files, err := filepath.Glob("migrations/*.sql")
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

// snapshot is a chat of two messages with a user who can be reached.
func snapshot(id string, episode int) chat.Snapshot {
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC).Add(time.Duration(episode) * 24 * time.Hour)
	return chat.Snapshot{
		ID: id, Episode: episode, StartedAt: at, EndedAt: at.Add(time.Minute), Outcome: "follow_up",
		User:     chat.User{Name: "Ann Lee", Email: "ann@example.com"},
		Messages: []chat.Message{message(fmt.Sprintf("m%d.1", episode), at, "It smells of smoke"), message(fmt.Sprintf("m%d.2", episode), at.Add(time.Second), "Still there?")},
	}
}

func message(id string, at time.Time, text string) chat.Message {
	return chat.Message{ID: id, At: at, Author: chat.Author{Kind: chat.AuthorUser}, Text: text}
}

func note(id, text string) chat.Note {
	return chat.Note{ID: id, At: time.Date(2026, 11, 20, 9, 0, 30, 0, time.UTC), Agent: "a_1", Text: text}
}

// end ends a chat as either door does.
func (r *rig) end(organization string, s chat.Snapshot, settle time.Duration) ([]chat.Delivery, error) {
	r.t.Helper()
	parsed, raw := r.parse(s)
	return r.EndConversation(r.t.Context(), organization, store.End{Snapshot: parsed, Raw: raw, Settle: settle},
		func(c chat.Conversation) []chat.Delivery { return plan.For(c, r.organization) })
}

func (r *rig) mustEnd(s chat.Snapshot) map[chat.Action]chat.Key {
	r.t.Helper()
	deliveries, err := r.end(acme, s, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	return byAction(deliveries)
}

func byAction(deliveries []chat.Delivery) map[chat.Action]chat.Key {
	out := map[chat.Action]chat.Key{}
	for _, d := range deliveries {
		out[d.Action] = d.ID
	}
	return out
}

func (r *rig) parse(s chat.Snapshot) (chat.Snapshot, []byte) {
	r.t.Helper()
	body, err := json.Marshal(s)
	if err != nil {
		r.t.Fatal(err)
	}
	parsed, raw, err := chat.ParseSnapshot(body)
	if err != nil {
		r.t.Fatal(err)
	}
	return parsed, raw
}

// put takes an open chat in as either door does.
func (r *rig) put(s chat.Snapshot) bool {
	r.t.Helper()
	s.EndedAt = time.Time{}
	parsed, raw := r.parse(s)
	changed, err := r.UpdateConversation(r.t.Context(), acme, parsed, raw)
	if err != nil {
		r.t.Fatal(err)
	}
	return changed
}

// claim claims a delivery that has to be free.
func (r *rig) claim(id chat.Key) *store.Claimed {
	r.t.Helper()
	c, err := r.Claim(r.t.Context(), id, true, "desk")
	if err != nil {
		r.t.Fatal(err)
	}
	if c == nil {
		r.t.Fatalf("%s cannot be claimed: %+v", id, r.see(id))
	}
	return c
}

// refused claims a delivery that must not be free.
func (r *rig) refused(id chat.Key) {
	r.t.Helper()
	c, err := r.Claim(r.t.Context(), id, true, "desk")
	if err != nil {
		r.t.Fatal(err)
	}
	if c != nil {
		r.t.Fatalf("%s was claimed: %+v", id, c.Delivery)
	}
}

func (r *rig) record(c *store.Claimed, o store.Outcome) {
	r.t.Helper()
	if err := r.Record(r.t.Context(), c, o); err != nil {
		r.t.Fatal(err)
	}
}

// deliver claims a delivery and records that it worked.
func (r *rig) deliver(id chat.Key, ref string) {
	r.t.Helper()
	r.record(r.claim(id), worked(r.see(id).Delivery, ref))
}

// worked is the outcome of a call that worked.
func worked(d chat.Delivery, ref string) store.Outcome {
	o := store.Outcome{Result: chat.Result{Ref: chat.Ref{ID: ref}}}
	if d.Action == chat.FileTicket {
		o.Ticket = &chat.TicketRef{Desk: d.Target, Ref: o.Ref}
	}
	return o
}

func (r *rig) see(id chat.Key) store.Timeline {
	r.t.Helper()
	d, err := r.Delivery(r.t.Context(), acme, id)
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}

// want checks a delivery's state and hold.
func (r *rig) want(id chat.Key, state chat.State, hold chat.Hold) {
	r.t.Helper()
	if d := r.see(id); d.State != state || d.Hold != hold {
		r.t.Errorf("%s is %s, held by %q (%s); want %s, held by %q", d.Action, d.State, d.Hold, d.Error, state, hold)
	}
}

// age makes everything that was noted of a delivery so much older.
func (r *rig) age(id chat.Key, by time.Duration) {
	r.t.Helper()
	r.exec(`update deliveries set due_at = due_at - $2::interval, lease_until = lease_until - $2::interval, first_call_at = first_call_at - $2::interval,
		last_call_at = last_call_at - $2::interval, waiting_since = waiting_since - $2::interval where id = $1`, id, by)
	r.exec("update due set wake_at = wake_at - $2::interval where delivery = $1", id, by)
}

func (r *rig) exec(sql string, args ...any) {
	r.t.Helper()
	if _, err := r.db.Exec(r.t.Context(), sql, args...); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) count(sql string, args ...any) (n int) {
	r.t.Helper()
	if err := r.db.QueryRow(r.t.Context(), sql, args...).Scan(&n); err != nil {
		r.t.Fatal(err)
	}
	return n
}

func (r *rig) conversation(id string) *store.Conversation {
	r.t.Helper()
	c, err := r.Conversation(r.t.Context(), acme, id)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

func (r *rig) frozen(c *store.Claimed) chat.Snapshot {
	r.t.Helper()
	s, err := r.Frozen(r.t.Context(), c)
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}
