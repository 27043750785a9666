package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store"
)

func TestACallIsTakenOverOnlyAfterLeaseAndGraceAndLooksFirst(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.mustEnd(snapshot("c", 1))[chat.FileTicket]
	first := r.claim(id)
	r.refused(id)
	r.age(id, 59*time.Second)
	r.refused(id)
	r.age(id, time.Second)
	second := r.claim(id)
	if !second.LookFirst || second.Fence != first.Fence+1 {
		t.Errorf("look first: %t, fence %d after %d", second.LookFirst, second.Fence, first.Fence)
	}
	if d := second.SinceLastCall; d < 15*time.Second || d > 20*time.Second {
		t.Errorf("the call before counts as over for %s, want the grace's 15 s", d)
	}
	if d := second.SinceFirstCall; d < time.Minute || d > 65*time.Second {
		t.Errorf("the first call began %s ago", d)
	}
	if tries := r.see(id).Tries; len(tries) != 1 || tries[0].Outcome != "interrupted" {
		t.Errorf("tries: %+v", tries)
	}
}

func TestTheLeasesEndIsNeverLaterForTheWorkerThanForTheDatabase(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	before := time.Now()
	c := r.claim(r.mustEnd(snapshot("c", 1))[chat.FileTicket])
	if c.Deadline.Before(before.Add(45*time.Second)) || c.Deadline.After(c.LeaseUntil) {
		t.Errorf("the worker's deadline is %s, the lease ends %s", c.Deadline, c.LeaseUntil)
	}
}

func TestALateResultIsKeptAsEvidenceAndAdoptedUnlessItIsKnown(t *testing.T) {
	t.Parallel()
	late := func(t *testing.T, o func(chat.Delivery) store.Outcome) (*rig, chat.Key) {
		t.Helper()
		r := newRig(t)
		id := r.mustEnd(snapshot("c", 1))[chat.FileTicket]
		slow := r.claim(id)
		r.age(id, time.Minute)
		r.claim(id)
		r.record(slow, o(slow.Delivery))
		return r, id
	}
	t.Run("it happened", func(t *testing.T) {
		t.Parallel()
		r, id := late(t, func(d chat.Delivery) store.Outcome { return worked(d, "7") })
		r.want(id, chat.Delivered, "")
		if tries := r.see(id).Tries; tries[0].Outcome != "delivered (late)" {
			t.Errorf("tries: %+v", tries)
		}
		if ticket := r.conversation("c").Ticket; ticket == nil || ticket.ID != "7" {
			t.Errorf("the conversation's ticket is %+v", ticket)
		}
	})
	t.Run("it did not happen", func(t *testing.T) {
		t.Parallel()
		r, id := late(t, func(chat.Delivery) store.Outcome { return refusal() })
		r.want(id, chat.Calling, "")
		if tries := r.see(id).Tries; tries[0].Outcome != "invalid (late)" || tries[0].Error != "http_422" {
			t.Errorf("tries: %+v", tries)
		}
	})
	t.Run("it is known already", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		id := r.mustEnd(snapshot("c", 1))[chat.FileTicket]
		slow := r.claim(id)
		r.age(id, time.Minute)
		quick := r.claim(id)
		r.record(quick, worked(quick.Delivery, "7"))
		r.record(slow, worked(slow.Delivery, "8"))
		if d := r.see(id); d.Ref.ID != "7" || len(d.Tries) != 2 || d.Tries[0].Outcome != "delivered (late)" {
			t.Errorf("%+v, tries: %+v", d.Ref, d.Tries)
		}
		if ticket := r.conversation("c").Ticket; ticket.ID != "7" {
			t.Errorf("the conversation's ticket is %+v", ticket)
		}
	})
}

func TestOneWorkerAtATimeCallsADelivery(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.mustEnd(snapshot("c", 1))[chat.FileTicket]
	stores := []*store.Store{r.Store, r.open()}
	var all sync.WaitGroup
	granted := make(chan int64, 40)
	for i := range cap(granted) {
		all.Go(func() {
			c, err := stores[i%2].Claim(t.Context(), id, true, "desk")
			if err != nil {
				t.Error(err)
			}
			if c != nil {
				granted <- c.Fence
			}
		})
	}
	all.Wait()
	if len(granted) != 1 {
		t.Errorf("%d workers have it", len(granted))
	}
}

func TestAMoveThatPostgreSQLRefusesFailsAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var claims []*store.Claimed
	for i := range 20 {
		claims = append(claims, r.claim(r.mustEnd(snapshot(fmt.Sprintf("c%d", i), 1))[chat.EmailTranscript]))
	}
	errs := make([]error, len(claims))
	var all sync.WaitGroup
	for i, c := range claims {
		o := store.Outcome{Result: chat.Result{Ref: chat.Ref{ID: "<1@example.com>"}}}
		if i == 7 {
			o.Ref.ID = "\x00" // PostgreSQL holds no NUL
		}
		all.Go(func() { errs[i] = r.Record(t.Context(), c, o) })
	}
	all.Wait()
	for i, err := range errs {
		if bad := i == 7; (err != nil) != bad {
			t.Errorf("move %d: %v", i, err)
		}
	}
	if n := r.count("select count(*) from deliveries where state = 'delivered'"); n != len(claims)-1 {
		t.Errorf("%d delivered", n)
	}
}

func TestManyMovesAtOnceAreCommittedTogether(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const chats = 64
	before := r.commits()
	keys := make([]map[chat.Action]chat.Key, chats)
	r.each(chats, func(i int) {
		s := snapshot(fmt.Sprintf("c%d", i), 1)
		s.Notes = []chat.Note{note("n1", "x")}
		keys[i] = r.mustEnd(s)
	})
	for _, action := range []chat.Action{chat.FileTicket, chat.AttachNotes, chat.EmailTranscript} {
		r.each(chats, func(i int) {
			c, err := r.Claim(t.Context(), keys[i][action], true, "desk")
			if err != nil || c == nil {
				t.Errorf("claiming: %v, %v", c, err)
				return
			}
			if err := r.Record(t.Context(), c, worked(c.Delivery, "7")); err != nil {
				t.Error(err)
			}
		})
	}
	perChat := float64(r.commits()-before) / chats
	t.Logf("%.1f commits per chat of three effects", perChat)
	if perChat >= 5 {
		t.Errorf("%.1f commits per chat: an end, three claims and three results one by one are seven", perChat)
	}
}

// commits returns how many transactions this database has committed, once the store's
// connections have reported theirs, which they do when they end.
func (r *rig) commits() int {
	r.t.Helper()
	r.Close()
	r.Store = r.open()
	last := -1
	for {
		n := r.count("select xact_commit from pg_stat_database where datname = current_database()")
		if n == last {
			return n
		}
		last = n
		time.Sleep(300 * time.Millisecond)
	}
}

// each does something n times, many at once.
func (r *rig) each(n int, f func(i int)) {
	r.t.Helper()
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

func TestPeopleMoveDeliveriesAsTheContractSays(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.mustEnd(snapshot("c", 1))[chat.FileTicket]
	conflict := func(what string, err error) {
		t.Helper()
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: %v, want a conflict", what, err)
		}
	}
	conflict("retry what is pending", r.RetryDelivery(t.Context(), acme, id, true, false))
	conflict("resolve what is pending", r.ResolveDelivery(t.Context(), acme, id, chat.Delivered, chat.Ref{ID: "7"}))
	c := r.claim(id)
	conflict("cancel what is being called", r.CancelDelivery(t.Context(), acme, id))
	r.record(c, store.Outcome{Result: chat.Result{Err: fault.New(fault.Ambiguous, "timeout", "")}})
	conflict("retry what cannot be looked up", r.RetryDelivery(t.Context(), acme, id, false, false))
	if err := r.RetryDelivery(t.Context(), acme, id, true, false); err != nil {
		t.Fatal(err)
	}
	if c = r.claim(id); !c.LookFirst {
		t.Error("a retry of what is unknown does not look first")
	}
	r.record(c, worked(c.Delivery, "7"))
	conflict("retry what is delivered", r.RetryDelivery(t.Context(), acme, id, true, true))
}

func TestWhatWasMovedByNobodyIsNotFound(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := chat.NewKey(acme, "c", 1, chat.FileTicket, "")
	if _, err := r.Claim(t.Context(), id, true, "desk"); !fault.Is(err, fault.NotFound) {
		t.Errorf("claim: %v", err)
	}
	if err := r.Postpone(t.Context(), id, chat.HeldByRateLimit, time.Second); !fault.Is(err, fault.NotFound) {
		t.Errorf("postpone: %v", err)
	}
	if _, err := r.Delivery(t.Context(), acme, id); !fault.Is(err, fault.NotFound) {
		t.Errorf("delivery: %v", err)
	}
}

func TestReceiptsStandBesideTheStateAndOnlyNewerOnesCount(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.mustEnd(snapshot("c", 1))[chat.EmailTranscript]
	r.deliver(id, "9")
	order := []string{"", "sent", "delivered", "read"}
	newer := func(old, new string) bool { return slices.Index(order, new) > slices.Index(order, old) }
	for _, receipt := range []string{"delivered", "sent", "read", "delivered"} {
		if err := r.SetReceipt(t.Context(), acme, id, receipt, newer); err != nil {
			t.Fatal(err)
		}
	}
	if d := r.see(id); d.Receipt != "read" || d.State != chat.Delivered {
		t.Errorf("%s, %q", d.State, d.Receipt)
	}
}

func TestWhatIsSuppressedKeepsNoReceipt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.mustEnd(snapshot("c", 1))[chat.EmailTranscript]
	c := r.claim(id)
	r.record(c, store.Outcome{Result: chat.Result{Err: fault.New(fault.Invalid, "stop", ""), End: chat.Suppressed}})
	if err := r.SetReceipt(t.Context(), acme, id, "sent", func(string, string) bool { return true }); err != nil {
		t.Fatal(err)
	}
	if d := r.see(id); d.Receipt != "" || d.State != chat.Suppressed {
		t.Errorf("%s, %q", d.State, d.Receipt)
	}
}

// Two that take the same rows in another order would wait for each other for ever, if
// PostgreSQL did not refuse one of them.
func TestWhatPostgreSQLGaveUpForAnothersSakeIsDoneAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l, send := link("l")
	r.createLink(l)
	other, err := r.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Rollback(context.Background()) }()
	// Whoever has waited for so long looks whether they wait for each other, and gives up: the
	// store, which does after a second, is first.
	if _, err := other.Exec(t.Context(), "set local deadlock_timeout = '4s'; select 1 from deliveries for update"); err != nil {
		t.Fatal(err)
	}
	revoked := make(chan error, 1)
	go func() { revoked <- r.RevokeLink(t.Context(), acme, "l") }() // the link's row, and then the delivery's
	for r.count("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") == 0 {
		time.Sleep(time.Millisecond)
	}
	_, _ = other.Exec(t.Context(), "select 1 from links for update") // waits for it, until one of the two is refused
	if err := other.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-revoked; err != nil {
		t.Error(err)
	}
	r.want(send, chat.Cancelled, "")
}

func TestAListOfDeliveriesIsReadPageByPage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i := range 5 {
		r.mustEnd(snapshot(fmt.Sprintf("c%d", i), 1))
	}
	var seen []string
	cursor := int64(0)
	for range 10 {
		page, next, err := r.ListDeliveries(t.Context(), acme, store.Filter{Action: chat.FileTicket, State: chat.Pending, After: cursor, Most: 2})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range page {
			seen = append(seen, d.Conversation)
		}
		if cursor = next; next == 0 {
			break
		}
	}
	if fmt.Sprint(seen) != "[c0 c1 c2 c3 c4]" {
		t.Errorf("the pages hold %v", seen)
	}
}

func TestADatabaseThatIsAwayIsATransientFaultThatNamesNoAddress(t *testing.T) {
	t.Parallel()
	s, err := store.Open(t.Context(), "postgres://someone:secret@127.0.0.1:1/nothing", chat.Terms{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = s.Claim(t.Context(), chat.Key{}, true, "")
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Transient || f.Code != "database_away" {
		t.Errorf("got %v", err)
	}
	_, err = store.Open(t.Context(), "postgres://someone:secret@127.0.0.1:x/", chat.Terms{})
	if !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "someone") || strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("a bad address: %v", err)
	}
}

func TestTwoReceiptsAtTheSameTimeOnlyMoveForward(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.mustEnd(snapshot("c", 1))[chat.EmailTranscript]
	longer := func(old, latest string) bool { return len(latest) > len(old) }
	other := make(chan error, 1)
	err := r.SetReceipt(t.Context(), acme, id, "sent", func(old, latest string) bool {
		done := make(chan struct{})
		go func() {
			defer close(done)
			other <- r.SetReceipt(t.Context(), acme, id, "delivered", longer)
		}()
		select { // it is over before this one, or waits for it
		case <-done:
		case <-time.After(300 * time.Millisecond):
		}
		return longer(old, latest)
	})
	if err := errors.Join(err, <-other); err != nil {
		t.Fatal(err)
	}
	if got := r.see(id).Receipt; got != "delivered" {
		t.Errorf("after delivered it is %s", got)
	}
}
