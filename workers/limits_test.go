package workers_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/dispatch"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/intake"
	"github.com/afterchat/afterchat/internal/store"
)

func TestARateLimitRestsTheAccountAndUsesUpNoAttempt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	v := r.account(chat.AccountMail, searchable(), "")
	v.mishaps = []mishap{{err: fault.New(fault.RateLimited, "http_429", "").After(90 * time.Second)}}
	one, two := r.end(sample("c1", 1))[chat.EmailTranscript], r.end(sample("c2", 1))[chat.EmailTranscript]
	d := r.run(one)
	if d.State != chat.Pending || d.Hold != chat.HeldByRateLimit || d.Attempts != 0 || time.Until(d.DueAt) < 80*time.Second {
		t.Errorf("%s, held by %q, %d attempts, due in %s", d.State, d.Hold, d.Attempts, time.Until(d.DueAt))
	}
	if rest := r.rests.RestsFor(store.Account{Organization: acme, Target: chat.AccountMail}); rest < 80*time.Second {
		t.Errorf("the account rests for %s", rest)
	}
	if d := r.run(two); v.calls != 1 || d.Fence != 0 || d.State != chat.Pending || time.Until(d.DueAt) < 80*time.Second {
		t.Errorf("the next one: %d calls, fence %d, due in %s", v.calls, d.Fence, time.Until(d.DueAt))
	}
}

// usedUp is the limiter of an account that may make no call for so long.
type usedUp struct {
	free
	wait time.Duration
}

func (u *usedUp) Take(context.Context, string, connectors.Rate) time.Duration { return u.wait }

func TestALimitThatIsUsedUpIsKeptBeforeTheVendorComplains(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	limiter := &usedUp{wait: 90 * time.Second}
	traits := searchable()
	traits.AtOnce = 1
	v := &vendor{traits: traits}
	r.accounts[chat.AccountMail] = connectors.NewAccount(v, settings{}, limiter, func(string, string, time.Duration) {})
	id := r.end(sample("c", 1))[chat.EmailTranscript]
	for range 3 { // more than come in at once
		d := r.run(id)
		if v.calls != 0 || d.Fence != 0 || d.Attempts != 0 || d.State != chat.Pending || d.Hold != chat.HeldByRateLimit || time.Until(d.DueAt) < 80*time.Second {
			t.Fatalf("%d calls, fence %d, %s, held by %q, due in %s", v.calls, d.Fence, d.State, d.Hold, time.Until(d.DueAt))
		}
		if rest := r.rests.RestsFor(store.Account{Organization: acme, Target: chat.AccountMail}); rest < 80*time.Second {
			t.Fatalf("the account rests for %s", rest)
		}
		r.age(id, time.Hour)
		r.rests = dispatch.NewRests() // it has rested
		r.worker.Resting = r.rests
	}
	limiter.wait = 0
	if d := r.run(id); d.State != chat.Delivered {
		t.Errorf("%s, held by %q", d.State, d.Hold)
	}
}

func TestARefusedCredentialPausesTheAccountAndNotTheQueueUntilACallWorks(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	mail, desk := r.account(chat.AccountMail, searchable(), ""), r.account("zd", searchable(), "")
	mail.mishaps = []mishap{not(fault.Denied)}
	ids := r.end(sample("c", 1))
	d := r.run(ids[chat.EmailTranscript])
	if d.State != chat.Pending || d.Hold != chat.HeldByAccountPaused || d.Attempts != 0 {
		t.Errorf("%s, held by %q, %d attempts", d.State, d.Hold, d.Attempts)
	}
	if p, err := r.store.Pauses(t.Context()); err != nil || p[store.Account{Organization: acme, Target: chat.AccountMail}] < 50*time.Second || len(p) != 1 {
		t.Errorf("paused: %v, %v", p, err)
	}
	if d := r.run(ids[chat.FileTicket]); d.State != chat.Delivered || desk.calls != 1 {
		t.Errorf("another account of the same chat: %s", d.State)
	}
	r.age(ids[chat.EmailTranscript], time.Hour)
	r.worker.Resting = pausedAndOver{}
	if d := r.run(ids[chat.EmailTranscript]); d.State != chat.Delivered {
		t.Errorf("after the pause: %s (%s)", d.State, d.Error)
	}
	if p, err := r.store.Pauses(t.Context()); err != nil || len(p) != 0 {
		t.Errorf("still paused: %v, %v", p, err)
	}
}

// pausedAndOver is what a dispatcher knows when a pause is over and no call has worked yet.
type pausedAndOver struct{ rested }

func (pausedAndOver) Paused(store.Account) bool { return true }

func TestAnAccountThatIsNotConfiguredHoldsItsDeliveries(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.end(sample("c", 1))[chat.EmailTranscript]
	if d := r.run(id); d.State != chat.Pending || d.Hold != chat.HeldByNotConfigured {
		t.Errorf("%s, held by %q", d.State, d.Hold)
	}
	r.account(chat.AccountMail, searchable(), "")
	r.age(id, time.Hour)
	if d := r.run(id); d.State != chat.Delivered {
		t.Errorf("configured again: %s", d.State)
	}
}

// link makes a link that is sent by SMS.
func (r *rig) link() (string, chat.Key) {
	r.t.Helper()
	raw, err := r.worker.Intake.Link(r.t.Context(), r.organization(),
		[]byte(`{"purpose":"resume","conversation":"c","send":{"channel":"sms","to":"+46701234567"}}`), "")
	if err != nil {
		r.t.Fatal(err)
	}
	var answer intake.LinkAnswer
	if err := json.Unmarshal(raw, &answer); err != nil {
		r.t.Fatal(err)
	}
	key, err := chat.ParseKey(*answer.Delivery)
	if err != nil {
		r.t.Fatal(err)
	}
	return answer.ID, key
}

func TestWhoeverOptedOutIsNotWrittenTo(t *testing.T) {
	t.Parallel()
	stop := func(t *testing.T, r *rig) {
		t.Helper()
		if err := r.store.Suppress(t.Context(), acme, chat.ChannelSMS, "+46701234567", "stop"); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("before the first try", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		v := r.account(chat.AccountSMS, searchable(), "")
		_, id := r.link()
		stop(t, r)
		if d := r.run(id); d.State != chat.Suppressed || d.Error != "stop" || v.calls != 0 {
			t.Errorf("%s (%s) after %d calls", d.State, d.Error, v.calls)
		}
	})
	t.Run("after a try that did not work", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		v := r.account(chat.AccountSMS, searchable(), "")
		v.mishaps = []mishap{not(fault.Ambiguous)}
		_, id := r.link()
		r.run(id)
		stop(t, r)
		r.age(id, time.Hour)
		if d := r.run(id); d.State != chat.Suppressed || v.looks != 1 || v.calls != 1 {
			t.Errorf("%s (%s) after %d looks and %d calls", d.State, d.Error, v.looks, v.calls)
		}
	})
	t.Run("after a try that worked", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		v := r.account(chat.AccountSMS, searchable(), "")
		v.mishaps = []mishap{lost()}
		_, id := r.link()
		r.run(id)
		stop(t, r)
		r.age(id, time.Hour)
		if d := r.run(id); d.State != chat.Delivered || v.calls != 1 {
			t.Errorf("%s (%s) after %d calls", d.State, d.Error, v.calls)
		}
	})
	t.Run("as the vendor knows", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		v := r.account(chat.AccountSMS, searchable(), "")
		v.mishaps = []mishap{{err: fault.New(fault.Invalid, "opted_out", "")}}
		_, one := r.link()
		_, two := r.link()
		for _, id := range []chat.Key{one, two} {
			if d := r.run(id); d.State != chat.Suppressed {
				t.Errorf("%s (%s)", d.State, d.Error)
			}
		}
		if v.calls != 1 {
			t.Errorf("%d calls: the number was not remembered", v.calls)
		}
	})
}

func TestALinkThatDoesNotWorkAnyMoreIsNotSent(t *testing.T) {
	t.Parallel()
	for name, mishaps := range map[string][]mishap{"before the first try": nil, "after a try that did not work": {not(fault.Ambiguous)}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			v := r.account(chat.AccountSMS, searchable(), "")
			v.mishaps = mishaps
			_, id := r.link()
			if len(mishaps) > 0 {
				r.run(id)
				r.age(id, time.Hour)
			}
			r.exec("update links set expires_at = now()")
			if d := r.run(id); d.State != chat.Cancelled || d.Error != "link_expired" || len(v.things("message")) != 0 {
				t.Errorf("%s (%s), %d sent", d.State, d.Error, len(v.things("message")))
			}
		})
	}
	t.Run("once it is revoked", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		v := r.account(chat.AccountSMS, searchable(), "")
		link, id := r.link()
		if err := r.store.RevokeLink(t.Context(), acme, link); err != nil {
			t.Fatal(err)
		}
		if d := r.run(id); d.State != chat.Cancelled || v.calls != 0 {
			t.Errorf("%s after %d calls", d.State, v.calls)
		}
	})
}

func TestAnAddressThatIsNoGoodIsSuppressed(t *testing.T) {
	t.Parallel()
	for address, why := range map[string]string{
		"": "no_address", "ann at example": "bad_address", "ann@example.com\r\nBcc: eve@example.com": "bad_address",
		strings.Repeat("a", 65) + "@example.com": "bad_address", "ann@" + strings.Repeat("a", 64) + ".com": "bad_address", "ann@[127.0.0.1]": "bad_address",
	} {
		r := newRig(t)
		v := r.account(chat.AccountMail, searchable(), "")
		s := sample("c", 1)
		s.User.Email = address
		if d := r.run(r.end(s)[chat.EmailTranscript]); d.State != chat.Suppressed || d.Error != why || v.calls != 0 {
			t.Errorf("%q: %s (%s)", address, d.State, d.Error)
		}
	}
}

func TestWhatIsWorthAFewTriesIsGivenUpAfterThem(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	v := r.account(chat.AccountMail, blind(), "")
	full := mishap{err: fault.New(fault.Transient, "5.2.2", "").After(4 * time.Hour).AtMost(3)}
	away := not(fault.Transient) // which does not count
	v.mishaps = []mishap{away, full, away, full, full}
	id := r.end(sample("c1", 1))[chat.EmailTranscript]
	for i := range 4 {
		d := r.run(id)
		if d.State != chat.Pending || i == 1 && time.Until(d.DueAt) < 3*time.Hour {
			t.Fatalf("after %d tries: %s (%s), due in %s", i+1, d.State, d.Error, time.Until(d.DueAt))
		}
		r.age(id, 5*time.Hour)
	}
	if d := r.run(id); d.State != chat.Failed || d.Error != "invalid: 5.2.2" || v.calls != 5 {
		t.Errorf("%s (%s) after %d calls", d.State, d.Error, v.calls)
	}
}

func TestADomainThatHasToWaitHoldsNobodyElseAndUsesUpNoAttempt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	v := r.account(chat.AccountMail, blind(), "")
	v.mishaps = []mishap{{err: fault.New(fault.RateLimited, "domain_rate", "").After(90 * time.Second).Narrowly()}}
	one, two := r.end(sample("c1", 1))[chat.EmailTranscript], r.end(sample("c2", 1))[chat.EmailTranscript]
	d := r.run(one)
	if d.State != chat.Pending || d.Hold != chat.HeldByRateLimit || d.Attempts != 0 || len(d.Tries) != 0 || d.LookFirst || time.Until(d.DueAt) < 80*time.Second {
		t.Errorf("%s, held by %q, %d attempts, %d tries, due in %s", d.State, d.Hold, d.Attempts, len(d.Tries), time.Until(d.DueAt))
	}
	if rest := r.rests.RestsFor(store.Account{Organization: acme, Target: chat.AccountMail}); rest != 0 {
		t.Errorf("the account rests for %s", rest)
	}
	if d := r.run(two); d.State != chat.Delivered {
		t.Errorf("the next one is %s (%s)", d.State, d.Error)
	}
	r.age(one, time.Hour)
	if d := r.run(one); d.State != chat.Delivered || len(d.Tries) != 1 {
		t.Errorf("in its turn it is %s (%s) after %d tries", d.State, d.Error, len(d.Tries))
	}
}
