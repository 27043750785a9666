package workers_test

import (
	"testing"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store"
)

func lost() mishap { return mishap{happens: true, err: fault.New(fault.Ambiguous, "timeout", "")} }

func not(kind fault.Kind) mishap { return mishap{err: fault.New(kind, "http", "")} }

func TestWhatAnAccountPromisesDecidesWhatFollowsAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		traits    connectors.Traits
		onUnknown connectors.OnUnknown
		mishaps   []mishap
		older     time.Duration // how much time passes before the next try
		state     chat.State    // after the first try, and
		end       chat.State    // after the next
		effects   int
		looks     int
	}{
		"an answer that was lost, where one can search": {searchable(), "", []mishap{lost()}, time.Hour, chat.Pending, chat.Delivered, 1, 1},
		"no answer and no effect, where one can search": {searchable(), "", []mishap{not(fault.Ambiguous)}, time.Hour, chat.Pending, chat.Delivered, 1, 1},
		"an answer that was lost, within the window":    {idempotent(), "", []mishap{lost()}, time.Minute, chat.Pending, chat.Delivered, 1, 0},
		"an answer that was lost, after the window":     {idempotent(), "", []mishap{lost()}, 3 * time.Hour, chat.Pending, chat.Delivered, 1, 1},
		"an answer that was lost, near the window's end": {
			idempotent(), "", []mishap{lost()}, 2*time.Hour - time.Minute, chat.Pending, chat.Delivered, 1, 1,
		},
		"an answer that was lost, where nothing can be looked up":       {blind(), connectors.Park, []mishap{lost()}, time.Hour, chat.Unknown, chat.Unknown, 1, 0},
		"an answer that was lost, where the operator wants it repeated": {blind(), connectors.Resend, []mishap{lost()}, time.Hour, chat.Pending, chat.Delivered, 2, 0},
		"a refusal of what is repeated, after an answer that was lost":  {blind(), connectors.Resend, []mishap{lost(), not(fault.Invalid)}, time.Hour, chat.Pending, chat.Unknown, 1, 0},
		"no effect, where nothing can be looked up":                     {blind(), connectors.Park, []mishap{not(fault.Transient)}, time.Hour, chat.Pending, chat.Delivered, 1, 0},
		"no effect, where one can search":                               {searchable(), "", []mishap{not(fault.Transient)}, time.Hour, chat.Pending, chat.Delivered, 1, 0},
		"a rate limit":                                                  {searchable(), "", []mishap{not(fault.RateLimited)}, time.Hour, chat.Pending, chat.Delivered, 1, 0},
		"a refused credential":                                          {searchable(), "", []mishap{not(fault.Denied)}, time.Hour, chat.Pending, chat.Delivered, 1, 0},
		"a refusal for good":                                            {searchable(), "", []mishap{not(fault.Invalid)}, time.Hour, chat.Failed, chat.Failed, 0, 0},
		"what the vendor cannot do":                                     {searchable(), "", []mishap{not(fault.Unsupported)}, time.Hour, chat.Failed, chat.Failed, 0, 0},
		"nothing goes wrong":                                            {searchable(), "", nil, time.Hour, chat.Delivered, chat.Delivered, 1, 0},
		"an answer that was lost, twice":                                {searchable(), "", []mishap{not(fault.Ambiguous), lost()}, time.Hour, chat.Pending, chat.Pending, 1, 1},
		"within the window, a rate limit":                               {idempotent(), "", []mishap{lost(), not(fault.RateLimited)}, time.Minute, chat.Pending, chat.Pending, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			v := r.account(chat.AccountMail, c.traits, c.onUnknown)
			v.mishaps = c.mishaps
			id := r.end(sample("c", 1))[chat.EmailTranscript]
			if d := r.run(id); d.State != c.state {
				t.Errorf("after the first try: %s (%s), want %s", d.State, d.Error, c.state)
			}
			r.worker.Resting = rested{}
			r.age(id, c.older)
			if d := r.run(id); d.State != c.end {
				t.Errorf("after the next try: %s (%s), want %s", d.State, d.Error, c.end)
			}
			if n := len(v.things("message")); n != c.effects || v.looks != c.looks {
				t.Errorf("%d effects and %d looks, want %d and %d", n, v.looks, c.effects, c.looks)
			}
		})
	}
}

// rested is what a dispatcher knows once every account has rested.
type rested struct{}

func (rested) Rest(store.Account, time.Duration)    {}
func (rested) RestsFor(store.Account) time.Duration { return 0 }
func (rested) Paused(store.Account) bool            { return false }

func TestWhatIsOpenStaysOpenUntilALookWorks(t *testing.T) {
	t.Parallel()
	for _, kind := range []fault.Kind{fault.Transient, fault.RateLimited, fault.Denied, fault.Invalid, fault.Unsupported} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.worker.Resting = rested{}
			v := r.account(chat.AccountMail, searchable(), "")
			v.mishaps = []mishap{lost()}
			id := r.end(sample("c", 1))[chat.EmailTranscript]
			r.run(id)
			v.blind = fault.New(kind, "http", "")
			for range 3 {
				r.age(id, time.Hour)
				if d := r.run(id); d.State != chat.Pending || !d.LookFirst {
					t.Fatalf("%s, look first %t (%s)", d.State, d.LookFirst, d.Error)
				}
			}
			v.blind = nil
			r.age(id, time.Hour)
			if d := r.run(id); d.State != chat.Delivered || len(v.things("message")) != 1 {
				t.Errorf("%s with %d effects", d.State, len(v.things("message")))
			}
		})
	}
}

func TestWhatWasRepeatedWithinTheWindowInVainIsLookedForAfterIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.worker.Resting = rested{}
	v := r.account(chat.AccountMail, idempotent(), "")
	v.mishaps = []mishap{lost(), not(fault.RateLimited)}
	id := r.end(sample("c", 1))[chat.EmailTranscript]
	r.run(id)
	r.age(id, time.Minute)
	r.run(id)
	v.traits = searchable() // the vendor has forgotten the key
	r.age(id, 3*time.Hour)
	if d := r.run(id); d.State != chat.Delivered || v.looks != 1 || len(v.things("message")) != 1 {
		t.Errorf("%s after %d looks, %d effects", d.State, v.looks, len(v.things("message")))
	}
}

func TestASearchIsNotTrustedBeforeItsLagIsOver(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	traits := searchable()
	traits.Send = connectors.Searchable(10 * time.Minute)
	v := r.account(chat.AccountMail, traits, "")
	id := r.end(sample("c", 1))[chat.EmailTranscript]
	// A worker is killed in its call, and the takeover comes after lease and grace.
	if c, err := r.store.Claim(t.Context(), id, true, "vendor"); err != nil || c == nil {
		t.Fatal(c, err)
	}
	r.age(id, 2*time.Minute)
	if d := r.run(id); d.State != chat.Pending || !d.LookFirst || v.looks+v.calls > 0 {
		t.Errorf("%s, look first %t, %d looks, %d calls", d.State, d.LookFirst, v.looks, v.calls)
	}
	r.age(id, 10*time.Minute)
	if d := r.run(id); d.State != chat.Delivered || v.looks != 1 || v.calls != 1 {
		t.Errorf("%s after %d looks and %d calls", d.State, v.looks, v.calls)
	}
}

func TestAWorkerThatIsKilledInItsCallIsFollowedByALook(t *testing.T) {
	t.Parallel()
	for name, happened := range map[string]bool{"it happened": true, "it did not happen": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			v := r.account("zd", searchable(), "")
			id := r.end(sample("c", 1))[chat.FileTicket]
			if c, err := r.store.Claim(t.Context(), id, true, "vendor"); err != nil || c == nil {
				t.Fatal(c, err)
			}
			if happened {
				v.made = []thing{{key: id, what: "ticket", ref: chat.Ref{ID: "7"}}}
			}
			if d := r.run(id); d.State != chat.Calling {
				t.Errorf("taken over at once: %s", d.State)
			}
			r.age(id, time.Minute)
			if d := r.run(id); d.State != chat.Delivered || len(v.things("ticket")) != 1 || v.looks != 1 {
				t.Errorf("%s, %d tickets, %d looks", d.State, len(v.things("ticket")), v.looks)
			}
			if c, err := r.store.Conversation(t.Context(), acme, "c"); err != nil || c.Ticket == nil {
				t.Errorf("the conversation has no ticket: %v", err)
			}
		})
	}
}

func TestAHandlerThatPanicsLeavesAnOutcomeThatNobodyKnows(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.account(chat.AccountMail, searchable(), "")
	id := r.end(sample("c", 1))[chat.EmailTranscript]
	r.worker.Renderer = nil
	if d := r.run(id); d.State != chat.Pending || !d.LookFirst {
		t.Errorf("%s, look first %t", d.State, d.LookFirst)
	}
}

func TestWhatNobodyCanLookUpIsSentAgainAFewTimesAndThenParked(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	v := r.account(chat.AccountMail, blind(), connectors.Resend)
	lost := mishap{happens: true, err: fault.New(fault.Ambiguous, "timeout", "")}
	v.mishaps = []mishap{lost, not(fault.Transient), lost, lost, lost}
	id := r.end(sample("c", 1))[chat.EmailTranscript]
	for i := range 3 {
		if d := r.run(id); d.State != chat.Pending || !d.LookFirst {
			t.Fatalf("after %d tries: %s, open %t (%s)", i+1, d.State, d.LookFirst, d.Error)
		}
		r.age(id, time.Hour)
	}
	if d := r.run(id); d.State != chat.Unknown || v.calls != 4 {
		t.Errorf("%s (%s) after %d calls", d.State, d.Error, v.calls)
	}
}
