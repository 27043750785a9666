package connectors_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

// narrow is a connector that makes four calls at once.
type narrow struct{}

func (narrow) Traits() connectors.Traits { return connectors.Traits{AtOnce: 4} }

func TestOnlySoManyCallsAreUnderWay(t *testing.T) {
	t.Parallel()
	a := connectors.NewAccount(narrow{}, settings{}, nil, quiet)
	var leave []func()
	for range 5 { // the four, and one that is ready when one of them ends
		f, ok := a.Enter(t.Context(), time.Minute)
		if !ok {
			t.Fatal("too few come in")
		}
		leave = append(leave, f)
	}
	if _, ok := a.Enter(t.Context(), 20*time.Millisecond); ok {
		t.Error("too many come in")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, ok := a.Enter(ended, time.Minute); ok {
		t.Error("whoever gives up comes in")
	}
	time.AfterFunc(20*time.Millisecond, leave[0])
	if _, ok := a.Enter(t.Context(), time.Minute); !ok {
		t.Error("nobody comes in for one that left")
	}
}

// moving is a context whose deadline is always near, and yet far enough to begin a call.
type moving struct{ context.Context }

func (moving) Deadline() (time.Time, bool) { return time.Now().Add(time.Second), true }

// patient is a connector that waits as long as it is let.
type patient struct{}

func (patient) Traits() connectors.Traits { return connectors.Traits{Timeout: 20 * time.Second} }

func (patient) Send(ctx context.Context, _ connectors.Outgoing) (chat.Ref, error) {
	<-ctx.Done()
	return chat.Ref{}, ctx.Err()
}

func TestACallEndsThoughItsDeadlineMovesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		began := time.Now()
		_, err := connectors.NewAccount(patient{}, settings{}, nil, quiet).Send(moving{ctx}, connectors.Outgoing{})
		if took := time.Since(began); !fault.Is(err, fault.Ambiguous) || took > time.Minute {
			t.Errorf("%v after %s", err, took)
		}
	})
}

// lingering is a connector that names no number of calls, and takes its time.
type lingering struct{ takes time.Duration }

func (lingering) Traits() connectors.Traits { return connectors.Traits{} }

func (l *lingering) Send(context.Context, connectors.Outgoing) (chat.Ref, error) {
	time.Sleep(l.takes)
	return chat.Ref{}, nil
}

// A vendor that answers nothing would have all workers wait for it, whoever they are needed
// by.
func TestAnAccountNeverHasAllWorkersAndASlowOneHasFew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const workers = 32
		l := &lingering{}
		a := connectors.NewAccount(l, settings{}, nil, quiet)
		a.ShareWorkers(connectors.NewWorkers(workers))
		// crowd has all workers call at once and returns how many came in.
		crowd := func() (in int) {
			var all sync.WaitGroup
			var came atomic.Int32
			for range workers {
				all.Go(func() {
					leave, ok := a.Enter(t.Context(), time.Minute)
					if !ok {
						return
					}
					defer leave()
					came.Add(1)
					if _, err := a.Send(t.Context(), connectors.Outgoing{}); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			return int(came.Load())
		}
		l.takes = time.Millisecond
		if in := crowd(); in != workers {
			t.Errorf("of %d quick calls %d were made", workers, in)
		}
		l.takes = 20 * time.Second
		if in := crowd(); in != workers*3/4 || !a.Slow() {
			t.Errorf("%d of %d workers came in when it became slow", in, workers)
		}
		if in := crowd(); in != workers/16 {
			t.Errorf("%d of %d workers came in while it was slow", in, workers)
		}
		l.takes = time.Millisecond
		for range workers {
			crowd()
		}
		l.takes = 20 * time.Second
		if in := crowd(); in != workers*3/4 {
			t.Errorf("%d of %d workers came in after it had become quick again", in, workers)
		}
	})
}

// One vendor that hangs leaves a quarter of the workers to others, and a second one that
// hangs at the same moment a quarter of those.
func TestVendorsThatHangAtTheSameMomentLeaveWorkersToOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const all = 64
		workers := connectors.NewWorkers(all)
		account := func(takes time.Duration) *connectors.Account {
			a := connectors.NewAccount(&lingering{takes}, settings{}, nil, quiet)
			a.ShareWorkers(workers)
			return a
		}
		var done sync.WaitGroup
		// crowd has all workers that are free go to an account, and returns how many are there
		// after a second.
		crowd := func(a *connectors.Account, free int) int {
			var in atomic.Int32
			for range free {
				done.Go(func() {
					leave, ok := a.Enter(t.Context(), time.Minute)
					if !ok {
						return
					}
					defer leave()
					in.Add(1)
					_, _ = a.Send(t.Context(), connectors.Outgoing{})
				})
			}
			time.Sleep(time.Second)
			return int(in.Load())
		}
		hanging := [...]*connectors.Account{account(30 * time.Second), account(30 * time.Second), account(30 * time.Second)}
		free := all
		for i, want := range [...]int{48, 12, 3} {
			in := crowd(hanging[i], free)
			if free -= in; in != want {
				t.Errorf("the %d. that hangs has %d workers of %d", i+1, in, all)
			}
		}
		if in := crowd(account(time.Millisecond), free); in != 1 || free != 1 {
			t.Errorf("a vendor that answers has %d of %d", in, free)
		}
		done.Wait()
		if in := crowd(account(time.Millisecond), all); in != all {
			t.Errorf("%d of %d calls are made when nobody hangs any more", in, all)
		}
	})
}

func TestWhoeverGivesUpDoesNotComeIn(t *testing.T) {
	t.Parallel()
	a := connectors.NewAccount(&lingering{}, settings{}, nil, quiet)
	a.ShareWorkers(connectors.NewWorkers(1))
	if _, ok := a.Enter(t.Context(), time.Minute); !ok {
		t.Fatal("nobody comes in")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, ok := a.Enter(ended, time.Minute); ok {
		t.Error("whoever gives up comes in")
	}
}
