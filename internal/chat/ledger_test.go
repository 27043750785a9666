package chat_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

var (
	noon  = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	terms = chat.Terms{Lease: 45 * time.Second, Grace: 15 * time.Second, MaxAge: 72 * time.Hour}
)

// pending, calling and ended are a ticket's delivery in a state.
func pending() chat.Delivery {
	return chat.Delivery{Action: chat.FileTicket, State: chat.Pending, DueAt: noon, WaitingSince: noon}
}

func calling() chat.Delivery {
	d := pending()
	if !d.Claim(today(noon)) {
		panic("a due delivery cannot be claimed")
	}
	return d
}

func ended(s chat.State) chat.Delivery {
	return chat.Delivery{Action: chat.FileTicket, State: s, Error: "why", WaitingSince: noon}
}

func today(now time.Time) chat.Claim {
	return chat.Claim{Now: now, Terms: terms, Configured: true, Identity: "desk"}
}

// outcome is what a rule is about.
type outcome struct {
	State     chat.State
	Hold      chat.Hold
	DueIn     time.Duration // -1: not before something else happens
	LookFirst bool
	Attempts  int
	Error     string
}

func outcomeOf(d chat.Delivery) outcome {
	o := outcome{State: d.State, Hold: d.Hold, DueIn: -1, LookFirst: d.LookFirst, Attempts: d.Attempts, Error: d.Error}
	if !d.DueAt.IsZero() {
		o.DueIn = d.DueAt.Sub(noon)
	}
	return o
}

func TestAResultMovesADeliveryAsTheContractSays(t *testing.T) {
	t.Parallel()
	now := noon.Add(10 * time.Second)
	for name, c := range map[string]struct {
		result chat.Result
		aged   bool // waiting for longer than max_age
		want   outcome
	}{
		"accepted there is delivered": {
			result: chat.Result{Ref: chat.Ref{ID: "7"}},
			want:   outcome{State: chat.Delivered, DueIn: -1},
		},
		"refused for good is failed": {
			result: chat.Result{Err: fault.New(fault.Invalid, "http_422", "")},
			want:   outcome{State: chat.Failed, DueIn: -1, Error: "invalid: http_422"},
		},
		"what the other side cannot do is failed": {
			result: chat.Result{Err: fault.New(fault.Unsupported, "", "")},
			want:   outcome{State: chat.Failed, DueIn: -1, Error: "unsupported"},
		},
		"what did not work this time is tried again after two seconds": {
			result: chat.Result{Err: fault.New(fault.Transient, "http_409", "")},
			want:   outcome{State: chat.Pending, DueIn: 12 * time.Second, Attempts: 1, Error: "transient: http_409"},
		},
		"a pause that the other side asked for is kept": {
			result: chat.Result{Err: fault.New(fault.Transient, "", "").After(time.Minute)},
			want:   outcome{State: chat.Pending, DueIn: 70 * time.Second, Attempts: 1, Error: "transient"},
		},
		"an unknown outcome is looked up before it is repeated": {
			result: chat.Result{Err: fault.New(fault.Ambiguous, "timeout", ""), CanLook: true},
			want:   outcome{State: chat.Pending, DueIn: 12 * time.Second, LookFirst: true, Attempts: 1, Error: "ambiguous: timeout"},
		},
		"a look waits for the search's lag": {
			result: chat.Result{Err: fault.New(fault.Ambiguous, "timeout", ""), CanLook: true, Lag: time.Minute},
			want:   outcome{State: chat.Pending, DueIn: 70 * time.Second, LookFirst: true, Attempts: 1, Error: "ambiguous: timeout"},
		},
		"an unknown outcome where nothing can be looked up is parked": {
			result: chat.Result{Err: fault.New(fault.Ambiguous, "timeout", "")},
			want:   outcome{State: chat.Unknown, DueIn: -1, LookFirst: true, Error: "ambiguous: timeout"},
		},
		"the operator's choice repeats what cannot be looked up": {
			result: chat.Result{Err: fault.New(fault.Ambiguous, "timeout", ""), Resend: true},
			want:   outcome{State: chat.Pending, DueIn: 12 * time.Second, LookFirst: true, Attempts: 1, Error: "ambiguous: timeout"},
		},
		"a refusal of what is repeated leaves the earlier call open": {
			result: chat.Result{Err: fault.New(fault.Invalid, "550", ""), Open: true, Resend: true},
			want:   outcome{State: chat.Unknown, DueIn: -1, LookFirst: true, Error: "invalid: 550"},
		},
		"a look that was refused leaves the earlier call open": {
			result: chat.Result{Err: fault.New(fault.Invalid, "", ""), Open: true, CanLook: true},
			want:   outcome{State: chat.Pending, DueIn: 12 * time.Second, LookFirst: true, Attempts: 1, Error: "invalid"},
		},
		"a rate limit uses up no attempt": {
			result: chat.Result{Err: fault.New(fault.RateLimited, "http_429", "").After(30 * time.Second)},
			want:   outcome{State: chat.Pending, Hold: chat.HeldByRateLimit, DueIn: 40 * time.Second, Error: "rate_limited: http_429"},
		},
		"a rate limit without a time waits a second": {
			result: chat.Result{Err: fault.New(fault.RateLimited, "", "")},
			want:   outcome{State: chat.Pending, Hold: chat.HeldByRateLimit, DueIn: 11 * time.Second, Error: "rate_limited"},
		},
		"a refused credential waits for the account and uses up no attempt": {
			result: chat.Result{Err: fault.New(fault.Denied, "http_401", "")},
			want:   outcome{State: chat.Pending, Hold: chat.HeldByAccountPaused, DueIn: 70 * time.Second, Error: "denied: http_401"},
		},
		"an address that opted out is suppressed": {
			result: chat.Result{Err: fault.New(fault.Invalid, "opted_out", ""), End: chat.Suppressed},
			want:   outcome{State: chat.Suppressed, DueIn: -1, Error: "opted_out"},
		},
		"still undone after max_age is failed": {
			result: chat.Result{Err: fault.New(fault.Transient, "http_503", "")}, aged: true,
			want: outcome{State: chat.Failed, DueIn: -1, Attempts: 1, Error: "transient: http_503"},
		},
		"still open after max_age is unknown": {
			result: chat.Result{Err: fault.New(fault.Ambiguous, "timeout", ""), CanLook: true}, aged: true,
			want: outcome{State: chat.Unknown, DueIn: -1, LookFirst: true, Attempts: 1, Error: "ambiguous: timeout"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := calling()
			if c.aged {
				d.WaitingSince = noon.Add(-terms.MaxAge)
			}
			c.result.Now, c.result.Terms, c.result.Fence = now, terms, d.Fence
			if !d.Record(c.result) {
				t.Error("the result counts as late")
			}
			if diff := cmp.Diff(c.want, outcomeOf(d)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAClaimIsGrantedOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	old := pending()
	old.WaitingSince = noon.Add(-terms.MaxAge - time.Second)
	open := old
	open.LookFirst, open.Identity = true, "desk"
	other := open
	other.Identity = "another desk"
	for name, c := range map[string]struct {
		d       chat.Delivery
		claim   chat.Claim
		granted bool
		want    outcome
	}{
		"what is due is called": {
			pending(), today(noon), true, outcome{State: chat.Calling, DueIn: -1},
		},
		"what is not due waits": {
			pending(), today(noon.Add(-time.Second)), false, outcome{State: chat.Pending},
		},
		"a call under way is left alone during its lease": {
			calling(), today(noon.Add(terms.Lease)), false, outcome{State: chat.Calling, DueIn: -1},
		},
		"a call under way is left alone during the grace": {
			calling(), today(noon.Add(terms.Lease + terms.Grace - 1)), false, outcome{State: chat.Calling, DueIn: -1},
		},
		"a call whose lease and grace are over is taken over and looked up": {
			calling(), today(noon.Add(terms.Lease + terms.Grace)), true, outcome{State: chat.Calling, DueIn: -1, LookFirst: true},
		},
		"an account that was removed holds its deliveries": {
			pending(), chat.Claim{Now: noon, Terms: terms}, false,
			outcome{State: chat.Pending, Hold: chat.HeldByNotConfigured, DueIn: 5 * time.Minute},
		},
		"an account that was removed holds them for as long as it takes": {
			old, chat.Claim{Now: noon, Terms: terms}, false,
			outcome{State: chat.Pending, Hold: chat.HeldByNotConfigured, DueIn: 5 * time.Minute},
		},
		"an account that changed after an open call makes it unknown": {
			other, today(noon), false, outcome{State: chat.Unknown, DueIn: -1, LookFirst: true, Error: "identity_changed"},
		},
		"a later episode waits for the earlier one's ticket": {
			pending(), chat.Claim{Now: noon, Terms: terms, Configured: true, TicketAwaited: true}, false,
			outcome{State: chat.Pending, Hold: chat.HeldByDependency, DueIn: time.Minute},
		},
		"still undone after max_age is failed": {
			old, today(noon), false, outcome{State: chat.Failed, DueIn: -1, Error: "max_age"},
		},
		"an open call is looked up however old it is": {
			open, today(noon), true, outcome{State: chat.Calling, DueIn: -1, LookFirst: true},
		},
		"what is delivered stays so":  {ended(chat.Delivered), today(noon), false, outcome{State: chat.Delivered, DueIn: -1, Error: "why"}},
		"what is failed stays so":     {ended(chat.Failed), today(noon), false, outcome{State: chat.Failed, DueIn: -1, Error: "why"}},
		"what is unknown stays so":    {ended(chat.Unknown), today(noon), false, outcome{State: chat.Unknown, DueIn: -1, Error: "why"}},
		"what is suppressed stays so": {ended(chat.Suppressed), today(noon), false, outcome{State: chat.Suppressed, DueIn: -1, Error: "why"}},
		"what is cancelled stays so":  {ended(chat.Cancelled), today(noon), false, outcome{State: chat.Cancelled, DueIn: -1, Error: "why"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if granted := c.d.Claim(c.claim); granted != c.granted {
				t.Errorf("granted: %t", granted)
			}
			if diff := cmp.Diff(c.want, outcomeOf(c.d)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWaitingForSomethingElseDoesNotAgeADelivery(t *testing.T) {
	t.Parallel()
	for what, claim := range map[string]chat.Claim{
		"another's ticket": {Terms: terms, Configured: true, TicketAwaited: true}, "its account": {Terms: terms},
	} {
		d := pending()
		claim.Now = noon
		for range 100 {
			claim.Now = claim.Now.Add(time.Hour)
			d.Claim(claim)
		}
		if !d.Claim(today(claim.Now.Add(5 * time.Minute))) {
			t.Errorf("after %s it is %s (%s)", what, d.State, d.Error)
		}
	}
}

func TestALateResultIsAdoptedOnlyIfItSaysThatItHappened(t *testing.T) {
	t.Parallel()
	late := chat.Result{Now: noon, Terms: terms, Fence: 1}
	worked, not := late, late
	worked.Ref, not.Err = chat.Ref{ID: "late"}, fault.New(fault.Invalid, "http_422", "")
	takenOver := calling()
	takenOver.Claim(today(noon.Add(time.Hour)))
	there := ended(chat.Delivered)
	there.Ref.ID = "first"
	for name, c := range map[string]struct {
		d      chat.Delivery
		result chat.Result
		state  chat.State
		ref    string
	}{
		"it happened, and another looks":            {takenOver, worked, chat.Delivered, "late"},
		"it did not happen, and another looks":      {takenOver, not, chat.Calling, ""},
		"it happened, and a person cancelled it":    {ended(chat.Cancelled), worked, chat.Delivered, "late"},
		"it happened, and it was parked":            {ended(chat.Unknown), worked, chat.Delivered, "late"},
		"it did not happen, and it was parked":      {ended(chat.Unknown), not, chat.Unknown, ""},
		"it happened, and is known to have already": {there, worked, chat.Delivered, "first"},
		"it did not happen, but it is known to":     {there, not, chat.Delivered, "first"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.d.Record(c.result) {
				t.Error("it counts as in time")
			}
			if c.d.State != c.state || c.d.Ref.ID != c.ref {
				t.Errorf("%s with %q", c.d.State, c.d.Ref.ID)
			}
		})
	}
}

func TestWhatMayHaveHappenedAtAnotherAccountIsRepeatedOnlyAtAPersonsRisk(t *testing.T) {
	t.Parallel()
	d := pending()
	d.LookFirst, d.Identity = true, "another desk"
	now := today(noon)
	d.Claim(now)
	if d.CalledAt(now.Identity) || !d.CalledAt("another desk") {
		t.Fatalf("it may be looked for at %s", now.Identity)
	}
	if err := d.Retry(noon, d.CalledAt(now.Identity), false); fault.CodeOf(err) != "needs_resend" {
		t.Fatalf("retried without a word: %v", err)
	}
	if err := d.Retry(noon, d.CalledAt(now.Identity), true); err != nil {
		t.Fatal(err)
	}
	if !d.Claim(today(noon)) || d.LookFirst {
		t.Errorf("it is %s (%s), look first: %v", d.State, d.Error, d.LookFirst)
	}
}

func TestATicketsFateIsCarriedOn(t *testing.T) {
	t.Parallel()
	waiting := func(a chat.Action) chat.Delivery {
		return chat.Delivery{Action: a, State: chat.Pending, Hold: chat.HeldByDependency, WaitingSince: noon.Add(-time.Hour)}
	}
	gone := ended(chat.Cancelled)
	gone.Action, gone.Error = chat.AttachNotes, chat.TicketGone
	byRequest := ended(chat.Cancelled)
	limited := pending()
	limited.Hold, limited.DueAt = chat.HeldByRateLimit, noon.Add(time.Minute)
	for name, c := range map[string]struct {
		d    chat.Delivery
		move func(*chat.Delivery, time.Time)
		want outcome
	}{
		"a delivered ticket lets its notes go":       {waiting(chat.AttachNotes), (*chat.Delivery).Revive, outcome{State: chat.Pending}},
		"a delivered ticket revives what it took":    {gone, (*chat.Delivery).Revive, outcome{State: chat.Pending}},
		"a delivered ticket leaves a person's will":  {byRequest, (*chat.Delivery).Revive, outcome{State: chat.Cancelled, DueIn: -1, Error: "why"}},
		"a delivered ticket hurries no rate limit":   {limited, (*chat.Delivery).Revive, outcome{State: chat.Pending, Hold: chat.HeldByRateLimit, DueIn: time.Minute}},
		"a failed ticket cancels its notes":          {waiting(chat.AttachNotes), (*chat.Delivery).TicketFailed, outcome{State: chat.Cancelled, DueIn: -1, Error: chat.TicketGone}},
		"a failed ticket cancels its amendments":     {waiting(chat.AmendTicket), (*chat.Delivery).TicketFailed, outcome{State: chat.Cancelled, DueIn: -1, Error: chat.TicketGone}},
		"a failed ticket lets a transcript go":       {waiting(chat.EmailTranscript), (*chat.Delivery).TicketFailed, outcome{State: chat.Pending}},
		"a failed ticket lets the next episode file": {waiting(chat.FileTicket), (*chat.Delivery).TicketFailed, outcome{State: chat.Pending}},
		"a failed ticket leaves what does not wait":  {pending(), (*chat.Delivery).TicketFailed, outcome{State: chat.Pending}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.move(&c.d, noon)
			if diff := cmp.Diff(c.want, outcomeOf(c.d)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnAddressBringsBackOnlyWhatLackedOne(t *testing.T) {
	t.Parallel()
	lacking := func(change func(*chat.Delivery)) chat.Delivery {
		d := ended(chat.Suppressed)
		d.Action, d.Error, d.WaitingSince = chat.EmailTranscript, chat.NoAddress, noon.Add(-100*time.Hour)
		change(&d)
		return d
	}
	for name, c := range map[string]struct {
		change func(*chat.Delivery)
		back   bool
	}{
		"a transcript to nobody":          {func(*chat.Delivery) {}, true},
		"one to an address that is none":  {func(d *chat.Delivery) { d.Error = chat.BadAddress }, true},
		"one to a named recipient":        {func(d *chat.Delivery) { d.Params.To = "qa at home" }, false},
		"one to a user who opted out":     {func(d *chat.Delivery) { d.Error = "stop" }, false},
		"a link":                          {func(d *chat.Delivery) { d.Action = chat.SendLink }, false},
		"one that was sent all the same":  {func(d *chat.Delivery) { d.State = chat.Delivered }, false},
		"one that nobody knows about":     {func(d *chat.Delivery) { d.State = chat.Unknown }, false},
		"one that a person has cancelled": {func(d *chat.Delivery) { d.State = chat.Cancelled }, false},
	} {
		d := lacking(c.change)
		before := outcomeOf(d)
		d.AddressCame(noon)
		if back := d.State == chat.Pending && d.Error == "" && d.Claim(today(noon)); back != c.back || !back && outcomeOf(d) != before {
			t.Errorf("%s: %+v", name, outcomeOf(d))
		}
	}
}

func TestAWakeUpThatComesTwiceDoesNotPutOffWhatIsNotDue(t *testing.T) {
	t.Parallel()
	later := pending()
	later.DueAt = noon.Add(time.Hour)
	for name, d := range map[string]chat.Delivery{
		"one that waits for its ticket": {State: chat.Pending, Hold: chat.HeldByDependency},
		"one that is due later":         later,
		"one that is being called":      calling(),
		"one that is delivered":         ended(chat.Delivered),
	} {
		before := outcomeOf(d)
		d.Postpone(noon, chat.HeldByRateLimit, noon.Add(time.Second))
		if diff := cmp.Diff(before, outcomeOf(d)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestThePauseAfterAFailureDoublesFromTwoSecondsToThirtyMinutes(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]time.Duration{0: 2 * time.Second, 1: 2 * time.Second, 2: 4 * time.Second, 5: 32 * time.Second, 10: 1024 * time.Second, 11: 30 * time.Minute, 1 << 40: 30 * time.Minute} {
		if got := chat.Backoff(n); got != want {
			t.Errorf("after %d: %s, want %s", n, got, want)
		}
	}
}

func TestAVendorThatDoesNotSayForHowLongItRefusesIsAskedLessAndLessOften(t *testing.T) {
	t.Parallel()
	d, now, calls := pending(), noon, 0
	for ; now.Before(noon.Add(terms.MaxAge)); now = d.DueAt {
		c := today(now)
		if !d.Claim(c) {
			t.Fatalf("after %d calls it is %s, held by %q", calls, d.State, d.Hold)
		}
		calls++
		d.Record(chat.Result{Now: now, Terms: terms, Fence: d.Fence, Err: fault.New(fault.RateLimited, "http_429", "")})
		if wait := d.DueAt.Sub(now); wait < time.Second || wait > 5*time.Minute {
			t.Fatalf("after %d calls it waits %s", calls, wait)
		}
	}
	if calls > 2000 || d.Attempts != 0 {
		t.Errorf("%d calls in %s, %d attempts", calls, terms.MaxAge, d.Attempts)
	}
}
