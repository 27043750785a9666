package workers_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/store"
)

// short are terms whose lease is over before a slow call is.
var short = chat.Terms{Lease: 5 * time.Second, Grace: 100 * time.Millisecond, MaxAge: 72 * time.Hour}

// patient is what cannot be looked up, and whose calls may take longer than a lease.
func patient() connectors.Traits {
	traits := blind()
	traits.Timeout = 20 * short.Lease
	return traits
}

// sending runs a mail in the background, and returns once its call has begun.
func (r *rig) sending(id chat.Key) <-chan store.Timeline {
	r.t.Helper()
	done := make(chan store.Timeline, 1)
	go func() { done <- r.run(id) }()
	for range 2000 {
		if r.see(id).State == chat.Calling {
			return done
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.t.Fatal("no call has begun")
	return nil
}

func TestACallThatTakesLongerThanItsLeaseKeepsIt(t *testing.T) {
	t.Parallel()
	r := newRigWith(t, short)
	v := r.account(chat.AccountMail, patient(), connectors.Resend)
	v.slow = 3 * short.Lease
	id := r.end(sample("c", 1))[chat.EmailTranscript]
	done := r.sending(id)
	time.Sleep(2 * short.Lease) // the first lease and its grace are over
	if d := r.run(id); d.State != chat.Calling || d.Fence != 1 {
		t.Errorf("another worker makes it %s, with fence %d", d.State, d.Fence)
	}
	if d := <-done; d.State != chat.Delivered || v.calls != 1 || len(d.Tries) != 1 {
		t.Errorf("%s (%s) after %d calls and %d tries", d.State, d.Error, v.calls, len(d.Tries))
	}
}

func TestACallEndsWhenItsClaimIsLost(t *testing.T) {
	t.Parallel()
	r := newRigWith(t, short)
	v := r.account(chat.AccountMail, patient(), "")
	v.slow = 10 * short.Lease
	id := r.end(sample("c", 1))[chat.EmailTranscript]
	done := r.sending(id)
	r.exec("update deliveries set fence = fence + 1 where id = $1", id) // as another's claim does
	if d := <-done; d.State != chat.Calling || v.ended == 0 || v.ended > 2*short.Lease {
		t.Errorf("%s; the call ended after %s", d.State, v.ended)
	}
}

func TestACallEndsWithItsLeaseWhileTheDatabaseDoesNotAnswer(t *testing.T) {
	t.Parallel()
	r := newRigWith(t, short)
	v := r.account(chat.AccountMail, patient(), "")
	v.slow = 10 * short.Lease
	id := r.end(sample("c", 1))[chat.EmailTranscript]
	done := r.sending(id)
	err := pgx.BeginFunc(t.Context(), r.db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), "select 1 from deliveries where id = $1 for update", id); err != nil {
			return err
		}
		time.Sleep(2 * short.Lease)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := <-done; d.State != chat.Unknown || v.ended == 0 || v.ended > 2*short.Lease {
		t.Errorf("%s; the call ended after %s", d.State, v.ended)
	}
}

// narrow is a rig whose mail account sends one mail at a time, each in so long a time, and
// two mails for it.
func narrow(t *testing.T, slow time.Duration) (r *rig, v *vendor, one, two chat.Key) {
	t.Helper()
	r = newRig(t)
	traits := blind()
	traits.AtOnce = 1
	v = r.account(chat.AccountMail, traits, "")
	v.slow = slow
	return r, v, r.end(sample("c1", 1))[chat.EmailTranscript], r.end(sample("c2", 1))[chat.EmailTranscript]
}

func TestWhatHasToWaitForAConnectionIsNotClaimed(t *testing.T) {
	t.Parallel()
	r, v, one, two := narrow(t, 500*time.Millisecond)
	first := r.sending(one)
	second := make(chan store.Timeline, 1)
	go func() { second <- r.run(two) }()
	for {
		d := r.see(two)
		v.mu.Lock()
		sent := v.calls
		v.mu.Unlock()
		if sent > 0 { // the first may have made room before it was looked at
			break
		}
		if d.State != chat.Pending {
			t.Fatalf("beside the first the second is %s", d.State)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if d := <-second; d.State != chat.Delivered || (<-first).State != chat.Delivered {
		t.Errorf("in its turn the second is %s (%s)", d.State, d.Error)
	}
}

func TestAnAccountWhoseConnectionsAreAllTakenIsLeftAlone(t *testing.T) {
	t.Parallel()
	r, v, one, two := narrow(t, 5*time.Minute)
	v.hurry = make(chan struct{})
	first := r.sending(one)
	d := r.run(two)
	if d.State != chat.Pending || d.Hold != chat.HeldByRateLimit || d.Attempts != 0 || len(d.Tries) != 0 || d.LookFirst {
		t.Errorf("%s, held by %q, %d attempts, %d tries", d.State, d.Hold, d.Attempts, len(d.Tries))
	}
	if rest := r.rests.RestsFor(store.Account{Organization: acme, Target: chat.AccountMail}); rest <= 0 {
		t.Error("the account does not rest")
	}
	close(v.hurry)
	if d := <-first; d.State != chat.Delivered {
		t.Errorf("the first is %s", d.State)
	}
}
