package workers

import (
	"context"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store"
)

// windowMargin keeps a repetition from arriving just after a vendor forgot the key.
const windowMargin = 5 * time.Minute

// once makes one effect. Where an earlier call may have happened it looks before it
// repeats, unless the vendor promises that the same key within the window makes one.
// What it cannot look up stays open; the ledger then does what the operator chose.
func once(ctx context.Context, j job, look, do func(context.Context) (chat.Ref, error)) store.Outcome {
	if !j.LookFirst {
		return attempt(ctx, j, do)
	}
	promise := j.promise
	switch {
	case promise.Kind == connectors.BlindKind && j.account.Resend():
		return attempt(ctx, j, do)
	case promise.Kind == connectors.BlindKind:
		return open(j, fault.New(fault.Ambiguous, "cannot_look", "an earlier call may have worked, and nothing can be looked up"))
	case promise.Kind == connectors.IdempotentKind && j.SinceFirstCall < promise.Window-windowMargin:
		return attempt(ctx, j, do)
	case j.SinceLastCall < promise.Lag:
		return tooEarly(j)
	}
	ref, err := look(ctx)
	switch {
	case err == nil:
		return delivered(ref)
	case !fault.Is(err, fault.NotFound):
		return open(j, err)
	}
	return attempt(ctx, j, do)
}

func attempt(ctx context.Context, j job, do func(context.Context) (chat.Ref, error)) store.Outcome {
	ref, err := do(ctx)
	if err != nil {
		o := failed(j, err)
		// Within the window the same key is safe whatever became of it; but an answer
		// that says "it did not happen" speaks of this call, not of an earlier one. Where
		// nothing can be looked up, no answer ever speaks of that.
		kind := j.promise.Kind
		o.Open = j.LookFirst && (kind == connectors.BlindKind || kind == connectors.IdempotentKind && retryable(err))
		return o
	}
	return delivered(ref)
}

func retryable(err error) bool {
	switch fault.KindOf(err) {
	case fault.Transient, fault.RateLimited, fault.Denied, fault.Ambiguous:
		return true
	case fault.Invalid, fault.NotFound, fault.Conflict, fault.Unsupported:
		return false
	}
	return false
}

func delivered(ref chat.Ref) store.Outcome {
	return store.Outcome{Result: chat.Result{Ref: ref}}
}

// failed is the outcome of a call that did not work.
func failed(j job, err error) store.Outcome {
	return store.Outcome{Result: chat.Result{
		Err: err, CanLook: j.promise.Kind != connectors.BlindKind, Resend: j.account.Resend(), Lag: j.promise.Lag,
	}}
}

// open is the outcome when an earlier call's outcome is still not known.
func open(j job, err error) store.Outcome {
	o := failed(j, err)
	o.Open = true
	return o
}

// tooEarly is the outcome when a look cannot be trusted yet.
func tooEarly(j job) store.Outcome {
	return open(j, fault.New(fault.Transient, "too_early", "what an earlier call made may not be findable yet").After(j.promise.Lag-j.SinceLastCall))
}

// unmade is the outcome when something that has to be read first could not be read: no
// call was made, and an earlier one is as open as before.
func unmade(j job, err error) store.Outcome {
	o := failed(j, err)
	o.Open = j.LookFirst
	return o
}

// ended is the outcome of a delivery that is not made, for a reason.
func ended(j job, state chat.State, code, why string) store.Outcome {
	o := failed(j, fault.New(fault.Invalid, code, why))
	o.End = state
	return o
}
