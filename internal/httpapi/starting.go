package httpapi

import (
	"net/http"
	"time"
)

// Starting is the door while the process waits for what it needs: until ready says
// yes, everything but the questions about the process itself is answered with a 503 to
// be repeated.
func Starting(ready func() bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/healthz", "/readyz", "/metrics":
		default:
			if !ready() {
				p := newProblem(http.StatusServiceUnavailable, "unavailable", "the process is starting")
				p.retryAfter(2 * time.Second)
				p.write(w)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
