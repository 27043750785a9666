package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/store"
)

func (r *rig) dispatch(each int, resting ...store.Account) []store.Wakeup {
	r.t.Helper()
	w, err := r.Dispatch(r.t.Context(), each, time.Minute, resting)
	if err != nil {
		r.t.Fatal(err)
	}
	return w
}

func TestABacklogOfOneOrganizationDoesNotHoldUpAnother(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.organization.Transcripts = nil
	r.mustEnd(snapshot("c", 1))
	// The backlog: five thousand copies of one delivery, all due before the others'.
	r.exec(`insert into deliveries (id, organization, conversation, episode, action, target, params, state, due_at)
		select gen_random_uuid(), organization, conversation, episode, action, target, params, state, due_at - interval '1 day'
		from deliveries, generate_series(1, 4999)`)
	r.exec(`insert into due (delivery, organization, target, action, wake_at)
		select id, organization, target, action, due_at from deliveries on conflict do nothing`)
	for i := range 5 {
		if _, err := r.end(stranger, snapshot(fmt.Sprintf("c%d", i), 1), 0); err != nil {
			t.Fatal(err)
		}
	}
	counts := map[string]int{}
	for _, w := range r.dispatch(20) {
		counts[w.Organization]++
	}
	if counts[acme] != 20 || counts[stranger] != 5 {
		t.Errorf("the first round hands out %v", counts)
	}
	if n, err := r.Waiting(t.Context()); n != 5005 || err != nil {
		t.Errorf("%d wait, %v", n, err)
	}
}

func TestAWakeUpReadsNothingThatIsNotHandedOut(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.mustEnd(snapshot("c", 1))
	// One organization's backlog waits for its time, and of the other's only ten are wanted.
	r.exec(`insert into due (delivery, organization, target, action, wake_at)
		select gen_random_uuid(), case i % 2 when 0 then organization else $1 end, target, action,
			wake_at + case i % 2 when 0 then interval '1 hour' else interval '0' end
		from due, generate_series(1, 10000) i`, stranger)
	r.exec("analyze due")
	another := r.open()
	before := r.readOf("due")
	if w, err := another.Dispatch(t.Context(), 10, time.Minute, nil); len(w) != 12 || err != nil {
		t.Fatalf("%d are handed out, %v", len(w), err)
	}
	another.Close() // which has PostgreSQL count what was read
	var read int
	for wait := time.Millisecond; read == 0; wait = min(2*wait, 100*time.Millisecond) {
		time.Sleep(wait)
		read = r.readOf("due") - before
	}
	if read > 500 {
		t.Errorf("for 12 of 20,002 rows %d are read", read)
	}
}

// readOf is how many rows of a table PostgreSQL has counted as read so far, by an index or
// without.
func (r *rig) readOf(table string) int {
	r.t.Helper()
	r.exec("select pg_stat_clear_snapshot()")
	return r.count("select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_user_tables where relname = $1", table)
}

func TestARestingAccountIsSkippedAndNoOther(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.mustEnd(snapshot("c", 1))
	if _, err := r.end(stranger, snapshot("c", 1), 0); err != nil {
		t.Fatal(err)
	}
	for _, w := range r.dispatch(10, store.Account{Organization: acme, Target: "zd"}) {
		if w.Organization == acme && w.Target == "zd" {
			t.Error("an account that rests is woken")
		}
	}
	if w := r.dispatch(10); len(w) != 1 || w[0].Target != "zd" || w[0].Organization != acme {
		t.Errorf("rested: %+v", w)
	}
}

func TestAWakeUpThatIsNotFollowedComesAgainUnderANewGeneration(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.organization.Transcripts = nil
	id := r.mustEnd(snapshot("c", 1))[chat.FileTicket]
	first := r.dispatch(10)
	if len(first) != 1 || first[0].Delivery != id || first[0].Action != chat.FileTicket {
		t.Fatalf("first: %+v", first)
	}
	if again := r.dispatch(10); len(again) != 0 {
		t.Errorf("too early: %+v", again)
	}
	r.age(id, time.Minute)
	second := r.dispatch(10)
	if len(second) != 1 || second[0].Generation <= first[0].Generation {
		t.Errorf("second: %+v after %+v", second, first)
	}
	r.claim(id) // and the process dies
	r.age(id, time.Minute)
	if third := r.dispatch(10); len(third) != 1 || third[0].Generation <= second[0].Generation {
		t.Errorf("third: %+v", third)
	}
	r.deliver(id, "7")
	r.age(id, time.Hour)
	if rest := r.dispatch(10); len(rest) != 0 {
		t.Errorf("finished, and woken: %+v", rest)
	}
}

func TestEveryWakeUpIsHandedOutOnceWhateverHowManyDispatch(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i := range 60 {
		r.mustEnd(snapshot(fmt.Sprintf("c%d", i), 1))
	}
	var mu sync.Mutex
	seen := map[chat.Key]int{}
	r.each(8, func(int) {
		for range 20 {
			for _, w := range r.dispatch(10) {
				mu.Lock()
				seen[w.Delivery]++
				mu.Unlock()
			}
		}
	})
	if len(seen) != 120 {
		t.Errorf("%d of 120 handed out", len(seen))
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s %d times", id, n)
		}
	}
}

func TestWhatAnotherProcessIsAboutToHandOutIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.mustEnd(snapshot("c", 1))
	other, err := r.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Rollback(context.Background()) }()
	if _, err := other.Exec(t.Context(), "select 1 from due where target = 'zd' for update"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if w, err := r.Dispatch(ctx, 10, time.Minute, nil); err != nil || len(w) != 1 || w[0].Target != chat.AccountMail {
		t.Errorf("%+v, %v", w, err)
	}
}

func TestWhatWaitsForSomethingOtherThanTimeIsNotWoken(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := snapshot("c", 1)
	s.Notes = []chat.Note{note("n1", "x")}
	ids := r.mustEnd(s)
	r.exec("update due set wake_at = wake_at - interval '1 year'")
	for _, w := range r.dispatch(10) {
		if w.Delivery == ids[chat.AttachNotes] {
			t.Error("notes are woken before their ticket")
		}
	}
}

func TestAWakeUpThatComesTwiceDoesNotUndoAHold(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := snapshot("c", 1)
	s.Notes = []chat.Note{note("n1", "x")}
	notes := r.mustEnd(s)[chat.AttachNotes]
	if err := r.Postpone(t.Context(), notes, chat.HeldByRateLimit, 0); err != nil {
		t.Fatal(err)
	}
	r.want(notes, chat.Pending, chat.HeldByDependency)
	r.refused(notes)
}

func TestEachRefusalPausesAnAccountForLongerUntilACallWorks(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	account := store.Account{Organization: acme, Target: "zd"}
	last := time.Duration(0)
	for range 7 {
		r.exec("update pauses set until = now()") // the one before is over
		d, err := r.Pause(t.Context(), account, "http_401")
		if err != nil || d < last-time.Second || d > 15*time.Minute {
			t.Fatalf("%s after %s, %v", d, last, err)
		}
		last = d
	}
	if last < 14*time.Minute {
		t.Errorf("the seventh pause takes %s", last)
	}
	if p, err := r.Pauses(t.Context()); err != nil || p[account] < 14*time.Minute {
		t.Errorf("paused: %v, %v", p, err)
	}
	if err := r.Unpause(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	if p, err := r.Pauses(t.Context()); err != nil || len(p) != 0 {
		t.Errorf("paused: %v, %v", p, err)
	}
}

func TestRefusalsAtTheSameTimeAreOneRefusal(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	account := store.Account{Organization: acme, Target: "zd"}
	for range 20 { // of as many calls that were under way
		if d, err := r.Pause(t.Context(), account, "http_401"); err != nil || d > time.Minute {
			t.Fatalf("it rests for %s, %v", d, err)
		}
	}
	r.exec("update pauses set until = now()")
	if d, err := r.Pause(t.Context(), account, "http_401"); err != nil || d < 110*time.Second || d > 2*time.Minute {
		t.Errorf("refused again after the pause, it rests for %s, %v", d, err)
	}
}

func TestWhatIsConfiguredAgainIsLookedAtAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	held := map[string]chat.Key{}
	for _, desk := range []string{"back", "away"} {
		r.organization.Tickets[0].Desk = desk
		held[desk] = r.mustEnd(snapshot(desk, 1))[chat.FileTicket]
		if c, err := r.Claim(t.Context(), held[desk], false, ""); err != nil || c != nil {
			t.Fatal(c, err)
		}
		r.want(held[desk], chat.Pending, chat.HeldByNotConfigured)
	}
	r.organization.Tickets[0].Desk = "back"
	settles, err := r.end(acme, snapshot("settles", 1), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	n, err := r.WakeConfigured(t.Context(), []store.Account{{Organization: acme, Target: "back"}, {Organization: "bolt", Target: "away"}})
	if err != nil || n != 1 {
		t.Fatalf("%d are woken, %v", n, err)
	}
	woken := map[chat.Key]bool{}
	wakeups, err := r.Dispatch(t.Context(), 10, time.Minute, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wakeups {
		woken[w.Delivery] = true
	}
	if !woken[held["back"]] || woken[held["away"]] || woken[byAction(settles)[chat.FileTicket]] {
		t.Errorf("woken are %v", woken)
	}
	r.claim(held["back"])
	r.refused(held["away"])
	r.refused(byAction(settles)[chat.FileTicket])
}
