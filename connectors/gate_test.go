package connectors_test

import (
	"context"
	"testing"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
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
	free := connectors.NewAccount(free{}, settings{}, nil, quiet)
	for range 1000 {
		if _, ok := free.Enter(t.Context(), 0); !ok {
			t.Fatal("an account without a bound has one")
		}
	}
}

// moving is a context whose deadline is always near.
type moving struct{ context.Context }

func (moving) Deadline() (time.Time, bool) { return time.Now().Add(50 * time.Millisecond), true }

// patient is a connector that waits as long as it is let.
type patient struct{}

func (patient) Traits() connectors.Traits { return connectors.Traits{Timeout: 300 * time.Millisecond} }

func (patient) Send(ctx context.Context, _ connectors.Outgoing) (chat.Ref, error) {
	<-ctx.Done()
	return chat.Ref{}, ctx.Err()
}

func TestACallEndsThoughItsDeadlineMovesOn(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	began := time.Now()
	_, err := connectors.NewAccount(patient{}, settings{}, nil, quiet).Send(moving{ctx}, connectors.Outgoing{})
	if took := time.Since(began); err == nil || took > 10*time.Second {
		t.Errorf("%v after %s", err, took)
	}
}

// free is a connector that makes any number of calls at once.
type free struct{}

func (free) Traits() connectors.Traits { return connectors.Traits{} }
