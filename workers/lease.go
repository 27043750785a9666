package workers

import (
	"context"
	"sync"
	"time"

	"github.com/afterchat/afterchat/internal/store"
)

// extendRetry is how soon a claim is extended again while the database is away.
const extendRetry = time.Second

// lease is the context of a claimed call. It ends with the claim, which is extended for
// as long as the call goes on: a mail server may take minutes to answer (RFC 5321,
// 4.5.3.2), and yet another worker should not wait so long for the call of one that died.
type lease struct {
	context.Context
	cancel  context.CancelFunc
	extend  func(context.Context, *store.Claimed) (time.Time, error)
	claimed *store.Claimed

	mu    sync.Mutex
	until time.Time
	next  *time.Timer // extends the claim
	end   *time.Timer // ends the call
}

// hold returns the context of a claimed call, whose claim is extended by extend; release it
// when the call is over.
func hold(ctx context.Context, c *store.Claimed, extend func(context.Context, *store.Claimed) (time.Time, error)) (held context.Context, release func()) {
	ctx, cancel := context.WithCancel(ctx)
	l := &lease{Context: ctx, cancel: cancel, extend: extend, claimed: c, until: c.Deadline}
	l.mu.Lock()
	defer l.mu.Unlock()
	left := time.Until(c.Deadline)
	l.end = time.AfterFunc(left, cancel)
	l.next = time.AfterFunc(left/2, l.prolong)
	return l, func() {
		cancel()
		l.mu.Lock()
		defer l.mu.Unlock()
		l.end.Stop()
		l.next.Stop()
	}
}

// Deadline is when the claim ends, as far as it is extended by now.
func (l *lease) Deadline() (time.Time, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if outer, ok := l.Context.Deadline(); ok && outer.Before(l.until) {
		return outer, true
	}
	return l.until, true
}

// prolong extends the claim, or ends the call where the claim is lost. While the database
// is away it tries again, until the end comes.
func (l *lease) prolong() {
	deadline, err := l.extend(l.Context, l.claimed)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.Err() != nil:
	case err != nil:
		l.next.Reset(extendRetry)
	case deadline.IsZero():
		l.cancel()
	default:
		l.until = deadline
		l.end.Reset(time.Until(deadline))
		l.next.Reset(time.Until(deadline) / 2)
	}
}
