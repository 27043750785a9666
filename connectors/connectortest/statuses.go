package connectortest

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/fault"
)

// testStatuses: every status becomes a fault whose kind tells the ledger what to do, and
// the connector never tries again by itself.
func testStatuses(t *testing.T, newHarness func(*testing.T) *Harness) {
	for name, fresh := range effects(newHarness(t)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t)
			for _, status := range statuses() {
				t.Run(fmt.Sprintf("answered with %d", status), func(t *testing.T) {
					e := fresh(t, h)
					h.Break(t, Breakage{Status: status})
					assertFault(t, h, e.do(within(t)), e.words, kindsFor(status)...)
					if n := e.there(t); n != 0 {
						t.Errorf("it is there %d times", n)
					}
				})
			}
			t.Run("answered with 429 and Retry-After", func(t *testing.T) {
				e := fresh(t, h)
				h.Break(t, Breakage{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"7"}}})
				err := e.do(within(t))
				assertFault(t, h, err, e.words, fault.RateLimited)
				if got := fault.RetryAfterOf(err); got != 7*time.Second {
					t.Errorf("asks for a pause of %v, want 7s", got)
				}
			})
			t.Run("answered with success and nothing that names it", func(t *testing.T) {
				e := fresh(t, h)
				if !e.named {
					return
				}
				h.Break(t, Breakage{Status: http.StatusCreated})
				assertFault(t, h, e.do(within(t)), e.words, fault.Ambiguous)
			})
			t.Run("answered with 429 and then asked again", func(t *testing.T) {
				e := fresh(t, h)
				h.Break(t, Breakage{Status: http.StatusTooManyRequests})
				assertFault(t, h, e.do(within(t)), e.words, fault.RateLimited)
				repeat(t, h, e)
			})
		})
	}
}

// statuses are all that the registries list from 400 on, what common proxies add, and a
// few that nobody defines.
func statuses() []int {
	var all []int
	for status := 400; status <= 431; status++ {
		all = append(all, status)
	}
	all = append(all, 301, 302, 307, 440, 444, 449, 451, 460, 494, 499)
	for status := 500; status <= 511; status++ {
		all = append(all, status)
	}
	for status := 520; status <= 530; status++ {
		all = append(all, status)
	}
	return append(all, 598, 599)
}

// kindsFor returns the kinds that a status may become; none means any. An answer of 5xx
// to something that has an effect may have had it.
func kindsFor(status int) []fault.Kind {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return []fault.Kind{fault.Denied}
	case status == http.StatusTooManyRequests:
		return []fault.Kind{fault.RateLimited}
	case status == http.StatusNotImplemented:
		return []fault.Kind{fault.Ambiguous, fault.Transient, fault.Unsupported}
	case status == http.StatusServiceUnavailable:
		return []fault.Kind{fault.Ambiguous, fault.Transient, fault.RateLimited}
	case status >= 500:
		return []fault.Kind{fault.Ambiguous, fault.Transient}
	}
	return nil
}
