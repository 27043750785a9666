package chat_test

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

// world is one delivery, several workers that may sleep between any two of their steps,
// and the other side: each call has an effect or not, at once or later, and is answered
// or not. A look is truthful: it finds what has happened and nothing else.
type world struct {
	d       chat.Delivery
	now     time.Time
	terms   chat.Terms
	canLook bool
	lag     time.Duration
	resend  bool
	// effects are the moments at which calls take effect, past and to come.
	effects []time.Time
	workers [3]worker
}

// worker is one process that holds a claim, and the result that it has yet to record.
type worker struct {
	holds     bool
	fence     int64
	lookFirst bool
	lease     time.Time
	tooEarly  bool // for a look to be trusted
	result    *chat.Result
}

func newWorld(t *rapid.T) *world {
	start := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	w := &world{
		now: start, terms: chat.Terms{Lease: 45 * time.Second, Grace: 15 * time.Second, MaxAge: 72 * time.Hour},
		canLook: rapid.Bool().Draw(t, "can look"),
		resend:  rapid.Bool().Draw(t, "resend"),
		lag:     rapid.SampledFrom([]time.Duration{0, 5 * time.Second, 3 * time.Minute}).Draw(t, "lag"),
		d: chat.Delivery{
			Action: rapid.SampledFrom([]chat.Action{chat.FileTicket, chat.AttachNotes, chat.EmailTranscript}).Draw(t, "action"),
			State:  chat.Pending, DueAt: start, WaitingSince: start,
		},
	}
	if w.d.Action == chat.AttachNotes {
		w.d.Hold, w.d.DueAt = chat.HeldByDependency, time.Time{}
	}
	return w
}

func (w *world) happened() int {
	n := 0
	for _, at := range w.effects {
		if !at.After(w.now) {
			n++
		}
	}
	return n
}

// pick chooses a worker that can take a step.
func (w *world) pick(t *rapid.T, can func(worker) bool) (int, bool) {
	var able []int
	for i, x := range w.workers {
		if can(x) {
			able = append(able, i)
		}
	}
	if len(able) == 0 {
		return 0, false
	}
	return rapid.SampledFrom(able).Draw(t, "worker"), true
}

// claim asks for the delivery in today's configuration, whatever that is.
func (w *world) claim(t *rapid.T) {
	i, ok := w.pick(t, func(x worker) bool { return !x.holds })
	if !ok {
		return
	}
	before := w.d
	granted := w.d.Claim(chat.Claim{
		Now: w.now, Terms: w.terms,
		Configured:    rapid.IntRange(0, 9).Draw(t, "configured") > 0,
		Identity:      rapid.SampledFrom([]string{"one", "one", "one", "one", "one", "one", "one", "two"}).Draw(t, "identity"),
		TicketAwaited: rapid.IntRange(0, 5).Draw(t, "awaited") == 0,
	})
	if !granted {
		return
	}
	if before.State == chat.Calling && w.now.Before(before.LeaseUntil.Add(w.terms.Grace)) {
		t.Fatal("taken over before lease and grace were over")
	}
	if before.State == chat.Calling && !w.d.LookFirst {
		t.Fatal("taken over without a look")
	}
	if w.d.Fence <= before.Fence {
		t.Fatalf("the fence went from %d to %d", before.Fence, w.d.Fence)
	}
	w.workers[i] = worker{holds: true, fence: w.d.Fence, lookFirst: w.d.LookFirst, lease: w.d.LeaseUntil, tooEarly: w.now.Sub(before.LastCallOver()) < w.lag}
}

// act does what a worker does with its claim: look first if it must, then call, unless
// too little is left of the lease.
func (w *world) act(t *rapid.T) {
	i, ok := w.pick(t, func(x worker) bool { return x.holds && x.result == nil })
	if !ok {
		return
	}
	x := &w.workers[i]
	x.result = &chat.Result{Terms: w.terms, Fence: x.fence, CanLook: w.canLook, Resend: w.resend, Lag: w.lag}
	switch {
	case !w.now.Before(x.lease):
		x.result.Err, x.result.Open = fault.New(fault.Transient, "lease_over", ""), x.lookFirst
		return
	case x.lookFirst && !w.canLook && w.resend:
		w.call(t, x)
		x.result.Open = x.result.Err != nil
		return
	case x.lookFirst && !w.canLook:
		x.result.Err, x.result.Open = fault.New(fault.Ambiguous, "cannot_look", ""), true
		return
	case x.lookFirst && x.tooEarly:
		x.result.Err, x.result.Open = fault.New(fault.Transient, "too_early", ""), true
		return
	case x.lookFirst && rapid.IntRange(0, 3).Draw(t, "the look fails") == 0:
		kind := rapid.SampledFrom([]fault.Kind{fault.Transient, fault.RateLimited, fault.Denied}).Draw(t, "how")
		x.result.Err, x.result.Open = fault.New(kind, "", ""), true
		return
	case x.lookFirst && w.happened() > 0:
		x.result.Ref = chat.Ref{ID: "found"}
		return
	}
	w.call(t, x)
}

// call is the call itself. An effect that comes late comes within lease and grace.
func (w *world) call(t *rapid.T, x *worker) {
	switch rapid.SampledFrom([]string{"works", "late", "lost answer", "nothing", "invalid", "limited", "denied", "nowhere"}).Draw(t, "call") {
	case "works":
		w.effects = append(w.effects, w.now)
		x.result.Ref = chat.Ref{ID: "made"}
	case "late":
		room := x.lease.Add(w.terms.Grace).Sub(w.now)
		w.effects = append(w.effects, w.now.Add(room/time.Duration(rapid.IntRange(1, 4).Draw(t, "after"))))
		x.result.Err = fault.New(fault.Ambiguous, "timeout", "")
	case "lost answer":
		w.effects = append(w.effects, w.now)
		x.result.Err = fault.New(fault.Ambiguous, "no_answer", "")
	case "nothing":
		kind := rapid.SampledFrom([]fault.Kind{fault.Ambiguous, fault.Transient}).Draw(t, "kind")
		x.result.Err = fault.New(kind, "no_answer", "")
	case "invalid":
		x.result.Err = fault.New(fault.Invalid, "http_422", "")
	case "nowhere":
		x.result.Err, x.result.End = fault.New(fault.Invalid, chat.NoAddress, ""), chat.Suppressed
	case "limited":
		x.result.Err = fault.New(fault.RateLimited, "http_429", "").After(time.Duration(rapid.IntRange(0, 600).Draw(t, "seconds")) * time.Second)
	case "denied":
		x.result.Err = fault.New(fault.Denied, "http_401", "")
	}
}

// record hands a result in, in time or long after.
func (w *world) record(t *rapid.T) {
	i, ok := w.pick(t, func(x worker) bool { return x.result != nil })
	if !ok {
		return
	}
	x := &w.workers[i]
	before := w.d
	r := *x.result
	r.Now = w.now
	inTime := w.d.Record(r)
	if inTime != (before.State == chat.Calling && before.Fence == x.fence) {
		t.Fatalf("a result with fence %d for %s/%d: in time %t", x.fence, before.State, before.Fence, inTime)
	}
	if !inTime && r.Err != nil && !reflect.DeepEqual(w.d, before) {
		t.Fatal("a failure that came too late changed the delivery")
	}
	if inTime && fault.Is(r.Err, fault.RateLimited) && w.d.Attempts != before.Attempts {
		t.Fatal("waiting used up an attempt")
	}
	if inTime && fault.Is(r.Err, fault.Ambiguous) {
		// What came of the call can be seen once the lag is over, by the lag's meaning.
		for i, at := range w.effects {
			if latest := w.now.Add(w.lag); at.After(latest) {
				w.effects[i] = latest
			}
		}
	}
	*x = worker{}
}

// crash ends a worker between any two of its steps.
func (w *world) crash(t *rapid.T) {
	if i, ok := w.pick(t, func(x worker) bool { return x.holds }); ok {
		w.workers[i] = worker{}
	}
}

// operate is what people and other deliveries do to this one.
func (w *world) operate(t *rapid.T) {
	switch rapid.SampledFrom([]string{"cancel", "retry", "resolve", "postpone", "release", "ticket failed", "revive", "address came"}).Draw(t, "what") {
	case "cancel":
		_ = w.d.Cancel()
	case "retry":
		_ = w.d.Retry(w.now, w.canLook, false)
	case "resolve": // a person looks, and tells the truth
		if len(w.effects) > 0 {
			_ = w.d.Resolve(chat.Delivered, chat.Ref{ID: "seen"})
		} else {
			_ = w.d.Resolve(chat.Failed, chat.Ref{})
		}
	case "postpone":
		before := w.d
		w.d.Postpone(w.now, chat.HeldByRateLimit, w.now.Add(time.Minute))
		if before.DueAt.IsZero() && !reflect.DeepEqual(w.d, before) {
			t.Fatalf("what waited for %q was put off as if it were due", before.Hold)
		}
	case "release":
		w.d.Release(w.now)
	case "ticket failed":
		w.d.TicketFailed(w.now)
	case "revive":
		w.d.Revive(w.now)
	case "address came":
		w.d.AddressCame(w.now)
	}
}

// pass lets time pass, mostly until just when something may happen.
func (w *world) pass(t *rapid.T) {
	var next time.Time
	switch w.d.State {
	case chat.Pending:
		next = w.d.DueAt
	case chat.Calling:
		next = w.d.LeaseUntil.Add(w.terms.Grace)
	case chat.Delivered, chat.Failed, chat.Unknown, chat.Suppressed, chat.Cancelled:
	}
	if next.After(w.now) && rapid.IntRange(0, 3).Draw(t, "until then") > 0 {
		w.now = next
		return
	}
	step := rapid.SampledFrom([]time.Duration{time.Millisecond, time.Second, 20 * time.Second, time.Minute, 45 * time.Minute, 80 * time.Hour})
	w.now = w.now.Add(step.Draw(t, "time"))
}

// check is what holds after every step.
func (w *world) check(t *rapid.T, before chat.Delivery) {
	d := w.d
	if before.State == chat.Delivered && !reflect.DeepEqual(d, before) {
		t.Fatalf("a delivered delivery became %+v", d)
	}
	if len(w.effects) > 1 && (w.canLook || !w.resend) {
		t.Fatalf("%d effects of one key", len(w.effects))
	}
	if d.State == chat.Delivered && len(w.effects) == 0 {
		t.Fatal("delivered without an effect")
	}
	if (d.State == chat.Failed || d.State == chat.Cancelled) && len(w.effects) > 0 {
		t.Fatalf("%s, but it happened", d.State)
	}
	if d.State == chat.Pending && len(w.effects) > 0 && !d.LookFirst {
		t.Fatal("it may have happened, and would be repeated without a look")
	}
	if d.State == chat.Pending && d.DueAt.IsZero() && d.Hold != chat.HeldByDependency {
		t.Fatalf("lost: pending, held by %q, and never due", d.Hold)
	}
	if (d.State == chat.Calling) == d.LeaseUntil.IsZero() {
		t.Fatalf("%s with a lease until %s", d.State, d.LeaseUntil)
	}
	if d.State != chat.Pending && (d.Hold != "" || !d.DueAt.IsZero()) {
		t.Fatalf("%s, held by %q, due at %s", d.State, d.Hold, d.DueAt)
	}
}

// settle lets time pass with everything in order: whatever happened before, the delivery
// ends, and truthfully.
func (w *world) settle(t *rapid.T) {
	w.workers = [3]worker{}
	if w.d.State == chat.Pending && w.d.Hold == chat.HeldByDependency {
		w.d.Release(w.now)
	}
	for range 8 {
		w.now = w.now.Add(time.Hour)
		if !w.d.Claim(chat.Claim{Now: w.now, Terms: w.terms, Configured: true, Identity: w.d.Identity}) {
			continue
		}
		r := chat.Result{Now: w.now, Terms: w.terms, Fence: w.d.Fence, CanLook: w.canLook, Resend: w.resend, Lag: w.lag, Ref: chat.Ref{ID: "x"}}
		switch {
		case w.d.LookFirst && !w.canLook && !w.resend:
			r.Err, r.Open = fault.New(fault.Ambiguous, "cannot_look", ""), true
		case !w.d.LookFirst || w.happened() == 0:
			w.effects = append(w.effects, w.now)
		}
		w.d.Record(r)
	}
	if !w.d.State.Final() {
		t.Fatalf("lost: still %s, held by %q, due at %s", w.d.State, w.d.Hold, w.d.DueAt)
	}
}

func TestWhateverHappensADeliveryHasAtMostOneEffectAndIsNeverLost(t *testing.T) {
	t.Parallel()
	property := func(t *rapid.T) {
		w := newWorld(t)
		step := func(f func(*rapid.T)) func(*rapid.T) {
			return func(t *rapid.T) {
				before := w.d
				f(t)
				w.check(t, before)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"claim": step(w.claim), "act": step(w.act), "act again": step(w.act), "record": step(w.record), "record again": step(w.record),
			"crash": step(w.crash), "operate": step(w.operate), "time passes": step(w.pass),
		})
		before := w.d
		w.settle(t)
		w.check(t, before)
	}
	for range rounds {
		rapid.Check(t, property)
	}
}

// rounds times rapid's 100 checks take a second and find what breaks any one rule.
const rounds = 120
