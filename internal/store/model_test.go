package store_test

import (
	"cmp"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/plan"
	"github.com/afterchat/afterchat/internal/store"
)

// outside is the help desk and the mailbox of the model: what took effect there, by
// key, and what the conversation's tickets are. Looks into it are truthful.
type outside struct {
	r       *rig
	id      string // the conversation
	effects map[chat.Key]int
	retried map[chat.Key]bool // by people, who know what they wait for
	reached map[int]bool      // the episodes whose user left an address afterwards
	tickets int
	made    map[chat.Key]string // the tickets that deliveries made
	shut    map[string]bool     // the tickets that are closed for good
	told    map[chat.Key]string // to which address a worker is to send it
	held    []*store.Claimed    // by workers that may sleep for as long as they like
	stores  []*store.Store
	episode int
	notes   int
}

func (o *outside) all(t *rapid.T) []store.Timeline {
	list, err := o.r.Deliveries(o.r.t.Context(), acme, o.id)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func (o *outside) end(t *rapid.T) {
	if o.episode == 4 {
		return
	}
	o.episode++
	s := snapshot(o.id, o.episode)
	if rapid.Bool().Draw(t, "without an address") {
		s.User = chat.User{Name: "Ann"}
	}
	if rapid.Bool().Draw(t, "with a note") {
		s.Notes = []chat.Note{note(fmt.Sprintf("end%d", o.episode), "x")}
	}
	settle := rapid.SampledFrom([]time.Duration{0, 0, time.Hour}).Draw(t, "settle")
	if _, err := o.r.end(acme, s, settle); err != nil {
		t.Fatal(err)
	}
}

func (o *outside) afterwards(t *rapid.T) {
	o.notes++
	var err error
	if rapid.Bool().Draw(t, "a note") {
		_, err = o.r.AddNote(o.r.t.Context(), acme, o.id, note(fmt.Sprintf("n%d", o.notes), "x"))
	} else {
		email := rapid.SampledFrom([]string{"x@example.com", "x@example.com", "x at home"}).Draw(t, "address")
		_, err = o.r.AddContact(o.r.t.Context(), acme, o.id, chat.Contact{ID: fmt.Sprintf("k%d", o.notes), Email: email})
		if email == "x@example.com" {
			o.reached[o.episode] = true
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// claim asks for any delivery, due or not, as a wake-up that comes twice does.
func (o *outside) claim(t *rapid.T) {
	all := o.all(t)
	if len(all) == 0 {
		return
	}
	d := rapid.SampledFrom(all).Draw(t, "delivery")
	s := rapid.SampledFrom(o.stores).Draw(t, "process")
	c, err := s.Claim(o.r.t.Context(), d.ID, true, "desk")
	if err != nil {
		t.Fatal(err)
	}
	if c == nil {
		return
	}
	if (c.Action == chat.AttachNotes || c.Action == chat.AmendTicket) && c.Ticket == nil {
		t.Fatalf("%s may be made, and there is no ticket", c.Action)
	}
	o.told[c.ID] = o.r.frozen(c).User.Email
	o.held = append(o.held, c)
}

// act has a worker look, call and record, unless its lease is over or it is killed.
func (o *outside) act(t *rapid.T) {
	if len(o.held) == 0 {
		return
	}
	i := rapid.IntRange(0, len(o.held)-1).Draw(t, "worker")
	c := o.held[i]
	o.held = append(o.held[:i:i], o.held[i+1:]...)
	result := chat.Result{CanLook: true}
	what := rapid.SampledFrom([]string{"works", "works", "lost answer", "killed", "not", "refused", "limited"}).Draw(t, "call")
	now := o.r.see(c.ID)
	switch over := now.Fence != c.Fence || now.State != chat.Calling; {
	case over:
		result.Err, result.Open = fault.New(fault.Transient, "lease_over", ""), c.LookFirst
	case c.LookFirst && o.effects[c.ID] > 0:
		result.Ref = chat.Ref{ID: cmp.Or(o.made[c.ID], "found")}
	case c.Action == chat.EmailTranscript && !plan.GoodAddress(o.told[c.ID]):
		result.Err, result.End = fault.New(fault.Invalid, chat.NoAddress, ""), chat.Suppressed
	case what == "not":
		result.Err = fault.New(fault.Transient, "", "")
	case what == "refused":
		result.Err = fault.New(fault.Invalid, "", "")
	case what == "limited":
		result.Err = fault.New(fault.RateLimited, "", "")
	case c.Action == chat.FileTicket && c.Params.FollowUp != "" && c.Ticket.ID != c.Params.FollowUp:
		result.Err, result.End = fault.New(fault.Invalid, "ticket_replaced", ""), chat.Suppressed
	case (c.Action == chat.AttachNotes || c.Action == chat.AmendTicket) && o.shut[c.Ticket.ID]:
		result.Err = fault.New(fault.Conflict, chat.TicketClosed, "")
	default:
		o.effects[c.ID]++
		result.Ref = chat.Ref{ID: "made"}
		if c.Action == chat.FileTicket && (c.Ticket == nil || o.shut[c.Ticket.ID]) {
			o.tickets++
			o.made[c.ID] = fmt.Sprintf("ticket %d", o.tickets)
			result.Ref.ID = o.made[c.ID]
		}
		if what == "lost answer" {
			result.Ref, result.Err = chat.Ref{}, fault.New(fault.Ambiguous, "timeout", "")
		}
	}
	if what == "killed" {
		return
	}
	outcome := store.Outcome{Result: result, Closed: fault.Is(result.Err, fault.Conflict)}
	if result.Err == nil && o.made[c.ID] != "" {
		outcome.Ticket, outcome.Replaces = &chat.TicketRef{Desk: c.Target, Ref: result.Ref}, c.Ticket != nil
	}
	if err := o.r.Record(o.r.t.Context(), c, outcome); err != nil {
		t.Fatal(err)
	}
}

// close has the desk close the conversation's ticket for good.
func (o *outside) close(*rapid.T) {
	if c := o.r.conversation(o.id); c.Ticket != nil {
		o.shut[c.Ticket.ID] = true
	}
}

// pass lets a minute or an hour pass for everything.
func (o *outside) pass(t *rapid.T) {
	by := rapid.SampledFrom([]time.Duration{time.Minute, time.Hour}).Draw(t, "time")
	o.r.exec("update episodes set freeze_at = freeze_at - $1::interval", by)
	for _, d := range o.all(t) {
		o.r.age(d.ID, by)
	}
	if _, err := o.r.FreezeSettled(o.r.t.Context(), 100); err != nil {
		t.Fatal(err)
	}
}

func (o *outside) operate(t *rapid.T) {
	all := o.all(t)
	if len(all) == 0 {
		return
	}
	id := rapid.SampledFrom(all).Draw(t, "delivery").ID
	var err error
	if rapid.Bool().Draw(t, "retry") {
		o.retried[id] = true
		err = o.r.RetryDelivery(o.r.t.Context(), acme, id, true, false)
	} else {
		err = o.r.CancelDelivery(o.r.t.Context(), acme, id)
	}
	if err != nil && !fault.Is(err, fault.Conflict) {
		t.Fatal(err)
	}
}

// check is what holds after every step.
func (o *outside) check(t *rapid.T) {
	if o.tickets > 1+len(o.shut) {
		t.Fatalf("one conversation has %d tickets, of which %d are closed", o.tickets, len(o.shut))
	}
	for _, d := range o.all(t) {
		n := o.effects[d.ID]
		switch {
		case n > 1:
			t.Fatalf("%s came %d times", d.Action, n)
		case d.State == chat.Delivered && n == 0:
			t.Fatalf("%s is delivered and never came", d.Action)
		case (d.State == chat.Failed || d.State == chat.Cancelled) && n > 0:
			t.Fatalf("%s is %s and came", d.Action, d.State)
		case d.State == chat.Suppressed && d.Action == chat.FileTicket:
			if n > 0 {
				t.Fatal("a ticket that was not needed came")
			}
		case d.State == chat.Suppressed && (n > 0 || o.reached[d.Episode]):
			t.Fatalf("%s of episode %d is suppressed, came %d times, and its user has an address", d.Action, d.Episode, n)
		case d.State == chat.Pending && n > 0 && !d.LookFirst:
			t.Fatalf("%s may have come and would be made again without a look", d.Action)
		}
	}
	// What waits for nothing but time, or is being called, is in the sweep's reach.
	lost := o.r.count(`select count(*) from deliveries d where (state = 'calling' or state = 'pending' and due_at is not null)
		and not exists (select from due where delivery = d.id)`)
	stale := o.r.count(`select count(*) from due join deliveries d on d.id = delivery where state not in ('pending', 'calling')`)
	if lost+stale > 0 {
		t.Fatalf("%d are out of the sweep's reach, %d ended and are swept", lost, stale)
	}
	o.checkWaiting(t)
}

// checkWaiting is that what waits for something else waits for what can still come.
func (o *outside) checkWaiting(t *rapid.T) {
	all := o.all(t)
	states := map[chat.Key]chat.State{}
	follows := false // a ticket that follows a closed one can still come
	for _, d := range all {
		states[d.ID] = d.State
		follows = follows || d.Params.FollowUp != "" && (!d.State.Final() || d.State == chat.Unknown)
	}
	ticket := o.r.conversation(o.id).Ticket
	for _, d := range all {
		if d.LostTicket() && (d.State == chat.Failed && !o.shut[ticket.ID] || d.State == chat.Pending && !follows) {
			t.Fatalf("%s is %s and lost its ticket; the conversation's is %s, and another can come: %t", d.Action, d.State, ticket.ID, follows)
		}
		if d.LostTicket() {
			continue
		}
		if d.State != chat.Pending || !d.DueAt.IsZero() || o.retried[d.ID] {
			continue
		}
		ticket := states[d.DependsOn]
		waits := d.Hold == chat.HeldByDependency && (ticket == chat.Pending || ticket == chat.Calling || ticket == chat.Unknown)
		settles := d.Hold == chat.HeldBySettle && o.r.count(`select count(*) from episodes join conversations using (conversation)
			where id = $1 and episode = $2 and state = 'ended'`, o.id, d.Episode) == 1
		if !waits && !settles {
			t.Fatalf("%s is held by %q and its ticket is %q", d.Action, d.Hold, ticket)
		}
	}
}

func TestWhateverHappensTheStoreLosesNothingAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	stores := []*store.Store{r.Store, r.open()}
	steps, until, chats, failing := 0, time.Now().Add(8*time.Second), 0, false
	rapid.Check(t, func(t *rapid.T) {
		if time.Now().After(until) && !failing {
			return // a loaded machine does fewer
		}
		chats++
		o := &outside{r: r, id: fmt.Sprintf("c%d", chats), effects: map[chat.Key]int{}, told: map[chat.Key]string{}, retried: map[chat.Key]bool{}, made: map[chat.Key]string{}, shut: map[string]bool{}, reached: map[int]bool{}, stores: stores}
		good := false
		defer func() { failing = failing || !good }()
		step := func(f func(*rapid.T)) func(*rapid.T) {
			return func(t *rapid.T) {
				f(t)
				steps++
				o.check(t)
			}
		}
		o.end(t)
		t.Repeat(map[string]func(*rapid.T){
			"end": step(o.end), "afterwards": step(o.afterwards), "claim": step(o.claim), "claim again": step(o.claim), "claim once more": step(o.claim),
			"act": step(o.act), "act again": step(o.act), "time passes": step(o.pass), "operate": step(o.operate),
			"close": step(o.close),
		})
		good = true
	})
	t.Logf("%d steps in %d conversations", steps, chats)
}
