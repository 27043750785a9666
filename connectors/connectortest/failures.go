package connectortest

import (
	"context"
	"testing"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/fault"
)

// testNoTimeLeft: an effect is not begun when the lease behind it is over or nearly so,
// because another worker may have taken it over by then.
func testNoTimeLeft(t *testing.T, newHarness func(*testing.T) *Harness) {
	for name, fresh := range effects(newHarness(t)) {
		for left, words := range map[time.Duration]string{-time.Second: "no time left", 100 * time.Millisecond: "too little time left"} {
			t.Run(name+" is not begun with "+words, func(t *testing.T) {
				t.Parallel()
				h := newHarness(t)
				e := fresh(t, h)
				ctx, cancel := context.WithTimeout(t.Context(), left)
				defer cancel()
				assertFault(t, h, e.do(ctx), e.words, fault.Transient)
				if n := e.there(t); n != 0 {
					t.Errorf("it is there %d times", n)
				}
			})
		}
	}
}

// testDrops: whatever is lost on the way, the error leads to exactly one effect.
func testDrops(t *testing.T, newHarness func(*testing.T) *Harness) {
	for name, fresh := range effects(newHarness(t)) {
		t.Run(name+" when the answer is lost", func(t *testing.T) {
			t.Parallel()
			h := newHarness(t)
			e := fresh(t, h)
			h.Break(t, Breakage{DropAfter: true})
			afterLostAnswer(t, h, e, e.do(within(t)))
		})
		t.Run(name+" when the request is lost", func(t *testing.T) {
			t.Parallel()
			h := newHarness(t)
			e := fresh(t, h)
			h.Break(t, Breakage{DropBefore: true})
			afterLostRequest(t, h, e, e.do(within(t)))
		})
	}
}

func afterLostAnswer(t *testing.T, h *Harness, e effect, err error) {
	t.Helper()
	if err == nil {
		// net/http repeats by itself what carries an idempotency key.
		if e.promise.Kind != connectors.IdempotentKind {
			t.Error("no error although the answer was lost")
		}
		assertOnce(t, e)
		return
	}
	assertFault(t, h, err, e.words, fault.Ambiguous, fault.Transient)
	if e.there(t) == 0 {
		// What was lost was the answer to a preparation.
		repeat(t, h, e)
		return
	}
	if !fault.Is(err, fault.Ambiguous) {
		t.Errorf("it happened, yet the kind is %v: %v", fault.KindOf(err), err)
	}
	if e.find != nil && !eventually(t, e.promise.Lag, func() bool { return e.find(within(t)) == nil }) {
		t.Error("it happened and was not found within the promised lag")
	}
	if e.promise.Kind == connectors.IdempotentKind {
		repeat(t, h, e)
	}
	assertOnce(t, e)
}

func afterLostRequest(t *testing.T, h *Harness, e effect, err error) {
	t.Helper()
	if err == nil {
		if e.promise.Kind != connectors.IdempotentKind {
			t.Error("no error although the request was lost")
		}
		assertOnce(t, e)
		return
	}
	assertFault(t, h, err, e.words, fault.Ambiguous, fault.Transient)
	if n := e.there(t); n != 0 {
		t.Fatalf("it is there %d times although the request was lost", n)
	}
	if e.find != nil {
		assertFault(t, h, e.find(within(t)), e.words, fault.NotFound)
	}
	repeat(t, h, e)
}

// repeat does it again, as the ledger would, and wants exactly one.
func repeat(t *testing.T, h *Harness, e effect) {
	t.Helper()
	if err := e.do(within(t)); err != nil {
		assertNoLeak(t, h, err, e.words)
		t.Fatalf("the second try failed: %v", err)
	}
	assertOnce(t, e)
}

func assertOnce(t *testing.T, e effect) {
	t.Helper()
	if n := e.there(t); n != 1 {
		t.Errorf("it is there %d times, want once", n)
	}
}
