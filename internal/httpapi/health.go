package httpapi

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"
)

func (a *api) routeHealth() {
	a.page(operation{
		id: "healthz", method: http.MethodGet, path: "/healthz", tag: "Operation",
		summary: "The process is alive",
	}, "", healthz)
	a.page(operation{
		id: "readyz", method: http.MethodGet, path: "/readyz", tag: "Operation",
		summary: "Whether all that the program needs answers", pages: []int{http.StatusServiceUnavailable},
		doc: "503 when a part does not; the object says of each part (postgres, redis, bounces) ok or unavailable, and of the process while it has not begun to work.",
	}, "", a.readyz)
	a.page(operation{
		id: "metrics", method: http.MethodGet, path: "/metrics", tag: "Operation",
		summary: "Metrics for Prometheus",
	}, "", a.metrics)
}

// probeTimeout bounds the questions that readyz asks.
const probeTimeout = 3 * time.Second

func healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "ok\n") // whoever asked may have gone
}

func (a *api) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), probeTimeout)
	defer cancel()
	parts, status := map[string]string{}, http.StatusOK
	for part, err := range a.Ready(ctx) {
		parts[part] = "ok"
		if err != nil { // its text may hold an address
			parts[part], status = "unavailable", http.StatusServiceUnavailable
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(parts)
}

func (a *api) metrics(w http.ResponseWriter, r *http.Request) {
	if a.Metrics == nil {
		a.refuse(w, r, notFound("page"))
		return
	}
	a.Metrics.ServeHTTP(w, r)
}
