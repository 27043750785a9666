package connectors_test

import (
	"context"
	"testing"
	"time"

	"github.com/afterchat/afterchat/connectors"
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

// free is a connector that makes any number of calls at once.
type free struct{}

func (free) Traits() connectors.Traits { return connectors.Traits{} }
