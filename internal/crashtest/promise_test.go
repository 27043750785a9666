//go:build linux

package crashtest

import (
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
)

const (
	promisedChats = 300
	kills         = 12
	batch         = promisedChats / (kills + 3)
)

// seedOf is new in every run, unless the environment gives one.
func seedOf(t *testing.T) uint64 {
	t.Helper()
	seed := rand.Uint64N(1_000_000)
	if given := os.Getenv("AFTERCHAT_CRASH_SEED"); given != "" {
		n, err := strconv.ParseUint(given, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	t.Logf("AFTERCHAT_CRASH_SEED=%d", seed)
	return seed
}

func TestEveryEffectComesExactlyOnceWhateverIsKilled(t *testing.T) {
	t.Parallel()
	seed := seedOf(t)
	r := newRig(t, seed)
	schedule := rand.New(rand.NewPCG(seed, 0))
	moment := func() { time.Sleep(50*time.Millisecond + time.Duration(schedule.Int64N(int64(850*time.Millisecond)))) }
	began := time.Now()

	c := newCore(r)
	p := r.start()
	for kill := range kills {
		c.chats(batch)
		moment()
		switch kill {
		case kills / 3:
			if err := r.admin.FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			moment()
		case 2 * kills / 3:
			p.kill()
			p = r.stopAndGoOn(c, moment)
		}
		p.kill()
		p = r.start()
	}
	c.chats(promisedChats - c.next)
	if accepted := c.finish(); accepted != promisedChats {
		t.Fatalf("%d of %d chats were accepted", accepted, promisedChats)
	}
	accepted := time.Since(began)
	found, resent := r.settle(3 * time.Minute)
	t.Logf("accepted after %s with %d repetitions, all ended after %s; by hand: %d mails found in the mailbox, %d sent again",
		accepted.Round(time.Millisecond), c.repeated, time.Since(began).Round(time.Millisecond), found, resent)
	r.verify(c)
	r.verifyInterrupted()
	mustHoldNothingPrivate(t, "the log", r.log())
}

// stopAndGoOn stops a process in the middle of its calls for longer than a lease, while
// another one takes over; then both run for a while, and the second is killed. It
// returns the first.
func (r *rig) stopAndGoOn(c *core, moment func()) *process {
	r.t.Helper()
	openDesk, openPhone := r.zendesk.hold(r.t), r.twilio.hold(r.t)
	first := r.start()
	c.chats(batch)
	r.quiet()
	// Every worker now waits for an answer. What the vendors have received they will
	// carry out; tickets are still being prepared and must not be sent on an old lease.
	first.freeze()
	r.leave(first)
	openDesk()
	openPhone()
	second := r.start()
	stuck := r.ledger(chat.Calling)
	eventually(r.t, 30*time.Second, "what the stopped process was at is taken over", func() bool {
		return !slices.ContainsFunc(stuck, func(d delivery) bool { return !r.takenOver(d) })
	})
	first.thaw()
	r.enter(first)
	eventually(r.t, 30*time.Second, "the stopped process says too late what came of its calls", func() bool {
		return slices.ContainsFunc(stuck, r.saidTooLate)
	})
	c.chats(batch)
	moment()
	second.kill()
	return first
}

func (r *rig) takenOver(d delivery) bool {
	r.t.Helper()
	return len(r.now(d).Attempts) > len(d.Attempts)
}

func (r *rig) saidTooLate(d delivery) bool {
	r.t.Helper()
	return slices.ContainsFunc(r.now(d).Attempts, tooLate)
}

func (r *rig) now(d delivery) (now delivery) {
	r.t.Helper()
	r.must(http.MethodGet, "/v1/deliveries/"+d.ID.String(), nil, &now)
	return now
}

// quiet waits until no more calls come in because the vendors answer none.
func (r *rig) quiet() {
	r.t.Helper()
	seen, since := uint64(0), time.Now()
	eventually(r.t, 30*time.Second, "every worker waits for an answer", func() bool {
		now := r.zendesk.arrivals.Load() + r.twilio.arrivals.Load() + uint64(r.vendors.Mail.Len())
		if now != seen {
			seen, since = now, time.Now()
		}
		return time.Since(since) > 300*time.Millisecond && r.zendesk.held.Load()+r.twilio.held.Load() > 0
	})
}

// verifyInterrupted checks that the kills hit calls in flight: otherwise nothing was
// proved.
func (r *rig) verifyInterrupted() {
	r.t.Helper()
	interrupted, late := map[string]int{}, 0
	calls := 0
	for _, d := range r.ledger("") {
		for _, a := range d.Attempts {
			if a.Outcome == "interrupted" {
				interrupted[string(d.Action)]++
				calls++
			}
			if tooLate(a) {
				late++
			}
		}
	}
	r.t.Logf("%d calls were interrupted %v, %d results came too late", calls, interrupted, late)
	if calls < kills/2 || late == 0 {
		r.t.Errorf("%d calls were interrupted by %d kills, and %d results came too late: too few to prove much", calls, kills, late)
	}
}
