//go:build linux

package crashtest

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// vendor stands before a stand-in and takes its time, before the effect and after it,
// so that a kill finds calls of both kinds. What it has received it carries out, whether
// or not the caller still lives.
type vendor struct {
	next     http.Handler
	seed     uint64
	arrivals atomic.Uint64
	held     atomic.Int64

	mu   sync.Mutex
	gate chan struct{} // nil: open
}

// slowest is the longest time that a vendor takes, twice for a request.
const slowest = 25 * time.Millisecond

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := v.arrivals.Add(1)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the caller died before it had said everything
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	v.mu.Lock()
	gate := v.gate
	v.mu.Unlock()
	if gate != nil {
		v.held.Add(1)
		<-gate
		v.held.Add(-1)
	}
	random := rand.New(rand.NewPCG(v.seed, n))
	time.Sleep(time.Duration(random.Int64N(int64(slowest))))
	v.next.ServeHTTP(w, r) // a short answer stays here until this function returns
	time.Sleep(time.Duration(random.Int64N(int64(slowest))))
}

// hold keeps every request that comes from being carried out, until the returned
// function is called or the test ends: its server waits for them then.
func (v *vendor) hold(t *testing.T) (open func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	gate := make(chan struct{})
	v.gate = gate
	open = sync.OnceFunc(func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.gate = nil
		close(gate)
	})
	t.Cleanup(open)
	return open
}
