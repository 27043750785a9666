package workers

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/hibiken/asynq"
	"go.opentelemetry.io/otel/trace"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store"
	"github.com/afterchat/afterchat/internal/tracing"
	"github.com/afterchat/afterchat/workers/tasks"
)

// job is a claimed delivery and whom it concerns.
type job struct {
	*store.Claimed
	account      *connectors.Account
	organization *config.Organization
	// promise is what holds for the effect at the account.
	promise connectors.Promise
}

// at is the job with another account, or another kind of effect there.
func (j job) at(a *connectors.Account, effect chat.Action) job {
	j.account, j.promise = a, a.Promise(effect)
	return j
}

// deliver is the frame of every delivery: admit, claim, act, record.
func (w *Worker) deliver(act func(context.Context, job) store.Outcome) asynq.HandlerFunc {
	return func(ctx context.Context, t *asynq.Task) error {
		id, at, err := readDelivery(t)
		if err != nil {
			return w.reject(ctx, t, "", reason(err))
		}
		account := w.Accounts.Account(at.Organization, at.Target)
		leave, hold, wait := w.admit(ctx, at, account)
		if wait > 0 {
			return w.unlessForgotten(ctx, id, w.Store.Postpone(ctx, id, hold, wait))
		}
		identity := ""
		if account != nil {
			identity = account.Identity()
		}
		claimed, err := w.Store.Claim(ctx, id, account != nil, identity)
		if err != nil || claimed == nil {
			leave()
			return w.unlessForgotten(ctx, id, err)
		}
		defer claimed.Done()
		ctx, span := w.begin(ctx, claimed, account)
		defer span.End()
		began := time.Now()
		j := job{Claimed: claimed, organization: w.Organizations[at.Organization]}
		o := w.call(ctx, j.at(account, claimed.Action), act)
		leave()
		o.Took = time.Since(began)
		w.tiredOf(ctx, claimed, &o)
		w.sentEnough(ctx, claimed, &o)
		w.settle(ctx, at, &o)
		w.report(ctx, claimed, o)
		return w.record(ctx, claimed, o)
	}
}

// unlessForgotten ends a task whose delivery the database does not have: it was restored,
// or begun anew, and Redis was not. Such a task would come back for ever, and with others
// like it take all the room that wake-ups have.
func (w *Worker) unlessForgotten(ctx context.Context, id chat.Key, err error) error {
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	w.Log.WarnContext(ctx, "a task is about a delivery that the database does not have", "delivery", id.String())
	return nil
}

func readDelivery(t *asynq.Task) (chat.Key, store.Account, error) {
	var p tasks.Delivery
	if err := json.Unmarshal(t.Payload(), &p); err != nil {
		return chat.Key{}, store.Account{}, fault.New(fault.Invalid, "malformed_json", "the task's payload is not JSON")
	}
	id, err := chat.ParseKey(p.Delivery)
	return id, store.Account{Organization: p.Organization, Target: p.Account}, err
}

// enterWait is how long a worker waits for its turn at an account that makes only so many
// calls at once, and enterAgain how long the account is left alone then.
const (
	enterWait  = 5 * time.Second
	enterAgain = time.Second
)

// admit says whether an account may be called now, and how long to wait otherwise.
// Waiting uses up no attempt. Leave when the call is over.
func (w *Worker) admit(ctx context.Context, at store.Account, account *connectors.Account) (leave func(), hold chat.Hold, wait time.Duration) {
	if account == nil {
		return func() {}, "", 0 // the claim holds it as not configured
	}
	if rest := w.Resting.RestsFor(at); rest > 0 {
		if w.Resting.Paused(at) {
			return nil, chat.HeldByAccountPaused, rest
		}
		return nil, chat.HeldByRateLimit, rest
	}
	leave, ok := account.Enter(ctx, enterWait)
	if !ok {
		w.Resting.Rest(at, enterAgain)
		return nil, chat.HeldByRateLimit, enterAgain
	}
	if wait = account.Admit(ctx); wait > 0 {
		leave()
		w.Resting.Rest(at, wait)
	}
	return leave, chat.HeldByRateLimit, wait
}

// call acts within the lease. A panic counts as an outcome that nobody knows.
func (w *Worker) call(ctx context.Context, j job, act func(context.Context, job) store.Outcome) (o store.Outcome) {
	ctx, release := hold(ctx, j.Claimed, w.Store.Extend)
	defer release()
	defer func() {
		if p := recover(); p != nil {
			w.Log.ErrorContext(ctx, "handler panicked", "delivery", j.ID.String(), "action", string(j.Action))
			o = failed(j, fault.New(fault.Ambiguous, "panic", "the handler failed"))
		}
	}()
	return act(ctx, j)
}

// settle carries what a call says about its account: a refused credential pauses it, a
// call that worked ends a pause.
func (w *Worker) settle(ctx context.Context, at store.Account, o *store.Outcome) {
	ctx, cancel := detached(ctx, 10*time.Second)
	defer cancel()
	switch {
	case o.Err == nil && w.Resting.Paused(at):
		if err := w.Store.Unpause(ctx, at); err != nil {
			w.Log.WarnContext(ctx, "the end of a pause could not be noted", "organization", at.Organization, "account", at.Target)
		}
	case fault.Is(o.Err, fault.Denied):
		pause, err := w.Store.Pause(ctx, at, fault.CodeOf(o.Err))
		if err != nil {
			pause = time.Minute // the database is away; this process rests by itself
		}
		w.Resting.Rest(at, pause)
		o.Err = fault.Wrap(fault.Denied, fault.CodeOf(o.Err), "the account was refused", o.Err).After(pause)
	case fault.Is(o.Err, fault.RateLimited) && fault.IsNarrow(o.Err):
		o.Uncalled = true
	case fault.Is(o.Err, fault.RateLimited):
		w.Resting.Rest(at, max(fault.RetryAfterOf(o.Err), time.Second))
	}
}

// tiredOf gives up what was answered in the same way as often as is worth trying.
func (w *Worker) tiredOf(ctx context.Context, c *store.Claimed, o *store.Outcome) {
	most, code := fault.TriesOf(o.Err), fault.CodeOf(o.Err)
	if most == 0 {
		return
	}
	tries, err := w.tries(ctx, c, func(t chat.Attempt) bool { return t.Error == code })
	if err == nil && tries+1 >= most { // age will end it otherwise
		o.Err = fault.Wrap(fault.Invalid, code, "the same answer came too often", o.Err)
	}
}

// mostSends is how often something is sent where nobody can tell whether it arrived, and
// the operator chose to send it again. A server that takes it each time and never says so
// would have it sent for days.
const mostSends = 3

// sentEnough parks what has been sent again often enough, for a person to decide.
func (w *Worker) sentEnough(ctx context.Context, c *store.Claimed, o *store.Outcome) {
	if !o.Resend || o.CanLook || !fault.Is(o.Err, fault.Ambiguous) {
		return
	}
	tries, err := w.tries(ctx, c, func(t chat.Attempt) bool { return t.Outcome == fault.Ambiguous.String() || t.Outcome == "interrupted" })
	o.Resend = err == nil && tries+1 < mostSends
}

// tries counts those of the tries before this one that are like it.
func (w *Worker) tries(ctx context.Context, c *store.Claimed, like func(chat.Attempt) bool) (int, error) {
	ctx, cancel := detached(ctx, 10*time.Second)
	defer cancel()
	d, err := w.Store.Delivery(ctx, c.Organization, c.ID)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, t := range d.Tries {
		if like(t) {
			n++
		}
	}
	return n, nil
}

// record writes the result, again and again while the database is away.
func (w *Worker) record(ctx context.Context, c *store.Claimed, o store.Outcome) error {
	ctx, cancel := detached(ctx, recordTimeout)
	defer cancel()
	for {
		err := w.Store.Record(ctx, c, o)
		if err == nil {
			w.Wake()
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// report writes the one line of an attempt: ids, kinds and durations, never an address
// or a text.
func (w *Worker) report(ctx context.Context, c *store.Claimed, o store.Outcome) {
	level, outcome := slog.LevelInfo, "delivered"
	if o.Err != nil {
		level, outcome = slog.LevelWarn, fault.KindOf(o.Err).String()
	}
	if o.Uncalled {
		level = slog.LevelInfo
	}
	if o.End != "" {
		level, outcome = slog.LevelInfo, string(o.End)
	}
	tracing.Outcome(ctx, outcome, fault.CodeOf(o.Err), level == slog.LevelWarn)
	attrs := []slog.Attr{
		slog.String("organization", c.Organization), slog.String("conversation", c.Conversation), slog.Int("episode", c.Episode),
		slog.String("delivery", c.ID.String()), slog.String("action", string(c.Action)), slog.String("target", c.Target),
		slog.Int64("fence", c.Fence), slog.Bool("look_first", c.LookFirst), slog.String("outcome", outcome),
		slog.String("code", fault.CodeOf(o.Err)), slog.Int64("duration_ms", o.Took.Milliseconds()),
	}
	if id := trace.SpanContextFromContext(ctx).TraceID(); id.IsValid() {
		attrs = append(attrs, slog.String("trace_id", id.String()))
	}
	w.Log.LogAttrs(ctx, level, "attempt", attrs...)
}
