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
		if !isAboutItself(r) && !ready() {
			p := newProblem(http.StatusServiceUnavailable, "unavailable", "the process is starting")
			p.retryAfter(2 * time.Second)
			p.write(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// AboutItself is the door of a process that only works: it answers what an orchestrator
// and Prometheus ask of the process, and nothing else.
func AboutItself(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isAboutItself(r) {
			newProblem(http.StatusNotFound, "not_found", "this process has the role worker alone").write(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isAboutItself(r *http.Request) bool {
	switch r.URL.Path {
	case "/healthz", "/readyz", "/metrics":
		return true
	}
	return false
}
