package store_test

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store"
)

func TestATaskThatIsOnlyWaitedForIsNoReject(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	task := store.Reject{Task: "t1", Type: "chat:ended", Organization: "nobody", Reason: "unknown_organization", Payload: []byte("{}")}
	if seen, err := r.SeeReject(t.Context(), task); err != nil || seen > time.Minute {
		t.Fatalf("%s, %v", seen, err)
	}
	r.exec("update rejects set first_seen = first_seen - interval '2 hours'")
	if seen, err := r.SeeReject(t.Context(), task); err != nil || seen < 2*time.Hour {
		t.Errorf("first seen %s ago, %v", seen, err)
	}
	if n, err := r.CountRejects(t.Context()); n != 0 || err != nil {
		t.Errorf("%d rejects, %v", n, err)
	}
	for range 2 {
		if err := r.Reject(t.Context(), task); err != nil {
			t.Fatal(err)
		}
	}
	list, n, err := r.Rejects(t.Context(), 10)
	if err != nil || n != 1 || len(list) != 1 || list[0].Task != "t1" || list[0].Reason != "unknown_organization" || list[0].Bytes != 2 || list[0].Payload != nil {
		t.Errorf("%+v, %d, %v", list, n, err)
	}
}

// A task's names and payload are whatever was put into Redis.
func TestAnyTaskCanBeRejected(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	noise := make([]byte, 5000) // or PostgreSQL would make it fit its index
	_, _ = rand.Read(noise)
	long := "ö" + hex.EncodeToString(noise)
	tasks := []store.Reject{
		{Task: "no payload", Type: "chat:ended"},
		{Task: "t\x00\xff", Type: "chat:en\x00ded\xff", Organization: "\x00", Payload: []byte{0, 255}},
		{Task: long + "1", Type: long, Organization: long, Payload: []byte("{}")}, {Task: long + "2", Type: long, Organization: long},
	}
	for _, task := range tasks {
		if _, err := r.SeeReject(t.Context(), task); err != nil {
			t.Errorf("%.10q is not seen: %v", task.Task, err)
		}
		if err := r.Reject(t.Context(), task); err != nil {
			t.Errorf("%.10q is not rejected: %v", task.Task, err)
		}
	}
	if list, n, err := r.Rejects(t.Context(), 10); err != nil || int(n) != len(tasks) || list[2].Type != "chat:en\uFFFDded\uFFFD" || list[2].Bytes != 2 {
		t.Errorf("%d rejects, %v: %+v", n, err, list)
	}
}

func TestRejectsAreForgottenAfterSevenDays(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, id := range []string{"old", "new"} {
		if err := r.Reject(t.Context(), store.Reject{Task: id, Payload: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
	}
	r.exec("update rejects set first_seen = now() - interval '7 days 1 second' where task = 'old'")
	if err := r.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	if list, _, err := r.Rejects(t.Context(), 10); err != nil || len(list) != 1 || list[0].Task != "new" {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestAnIdempotencyKeyIsForgottenAfterADay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ask := func(id string) string {
		_, replay, err := r.CreateLink(t.Context(), acme, store.NewLink{
			ID: id, Conversation: "c", Purpose: chat.LinkResume, TokenHash: []byte(id), TTL: time.Hour,
			Repeat: store.Idempotency{Key: "k", Digest: []byte("d"), Answer: id},
		})
		if err != nil {
			t.Fatal(err)
		}
		return replay
	}
	ask("first")
	for _, age := range []struct {
		hours int
		want  string
	}{{23, "first"}, {1, ""}} {
		r.exec("update idempotency_keys set at = at - make_interval(hours => $1, secs => 1)", age.hours)
		if err := r.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := ask("another"); got != age.want {
			t.Errorf("%d hours more: answered as %q", age.hours, got)
		}
	}
}

func TestADeskThatFailsLeavesTheTicketsThatWereKnown(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(snapshot("c", 1))
	now := time.Now().UTC().Truncate(time.Millisecond)
	for _, p := range []store.PriorTickets{
		{Desk: "zd", FetchedAt: &now, Tickets: []chat.PriorTicket{{ID: "35"}}},
		{Desk: "zd", Error: "transient"},
	} {
		if err := r.SavePriorTickets(t.Context(), acme, "c", p); err != nil {
			t.Fatal(err)
		}
	}
	got, err := r.PriorTickets(t.Context(), acme, "c")
	if err != nil || len(got) != 1 || len(got[0].Tickets) != 1 || got[0].Error != "transient" || !got[0].FetchedAt.Equal(now) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestADatabaseThatIsOlderThanTheProgramIsRefusedWithTheCommandToRun(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if err := r.CheckVersion(t.Context()); err != nil {
		t.Errorf("a database that is up to date: %v", err)
	}
	r.exec("insert into goose_db_version (version_id, is_applied) values (99999, true)")
	if err := r.CheckVersion(t.Context()); fault.CodeOf(err) != "database_too_new" {
		t.Errorf("a newer one: %v", err)
	}
	r.exec("delete from goose_db_version where version_id > 0")
	if err := r.CheckVersion(t.Context()); fault.CodeOf(err) != "database_too_old" || !strings.Contains(err.Error(), "afterchat migrate") {
		t.Errorf("an older one: %v", err)
	}
}
