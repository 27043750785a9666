package connectors

import (
	"context"
	"net/http"
	"time"

	"github.com/afterchat/afterchat/internal/fault"
)

// minCall is the least time that must be left of a call's deadline when its first byte
// goes out; with less, a pause of this process (a stopped machine, a long collection)
// ate the lease, and another worker may be at it already.
const minCall = 500 * time.Millisecond

// CheckLease returns a fault when too little is left of the context's deadline to begin
// an effect. Call it just before the first byte that has an effect.
func CheckLease(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fault.Wrap(fault.Transient, "lease_over", "the time for this call was over before it began", err)
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < minCall {
		return fault.New(fault.Transient, "lease_short", "too little time was left to begin this call")
	}
	return nil
}

// GuardTransport checks the lease before every request that may have an effect.
func GuardTransport(next http.RoundTripper) http.RoundTripper { return guard{next} }

type guard struct{ next http.RoundTripper }

func (g guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		if err := CheckLease(r.Context()); err != nil {
			return nil, err
		}
	}
	return g.next.RoundTrip(r)
}
