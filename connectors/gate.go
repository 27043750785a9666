package connectors

import (
	"context"
	"time"
)

// Enter waits for its turn to make a call, and returns false when none came in time: an
// account makes only so many at once, and fewer while its vendor is slow. Leave when the
// call is over.
//
// It is asked before a delivery is claimed: of what is claimed and waits for a connection
// nobody knows, when the process dies, that it was not sent. A few more than the
// connections come in, so that those do not wait for claims.
func (a *Account) Enter(ctx context.Context, wait time.Duration) (leave func(), ok bool) {
	if a.gate == nil {
		return a.pace.leave, a.pace.enter(ctx, wait)
	}
	if !a.slot(ctx, wait) {
		return nil, false
	}
	a.pace.workers.begin()
	return a.leave, true
}

// slot waits for one of the calls that may be made at once.
func (a *Account) slot(ctx context.Context, wait time.Duration) bool {
	select {
	case a.gate <- struct{}{}:
		return true
	default:
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case a.gate <- struct{}{}:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

func (a *Account) leave() {
	a.pace.workers.end()
	<-a.gate
}

// Slow reports whether the vendor's last answer took so long that fewer calls are made.
func (a *Account) Slow() bool { return a.pace.isSlow() }
