package httpapi

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// recorder remembers what the access log says of an answer.
type recorder struct {
	http.ResponseWriter
	status       int
	organization string
}

// WriteHeader remembers the status.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write remembers that nobody set a status.
func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController see through.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// logOrganization tells the access log whose request it was.
func logOrganization(w http.ResponseWriter, organization string) {
	if r, ok := w.(*recorder); ok {
		r.organization = organization
	}
}

// observed writes one line for each request. It names the route and never the path, the
// query or who asked: paths hold tokens and the ids of conversations.
func (a *api) observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, id := time.Now(), rand.Text()
		h := w.Header()
		h.Set("X-Request-Id", id)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		rec := &recorder{ResponseWriter: w}
		r, span := a.begin(r)
		defer func() {
			_, route, _ := strings.Cut(r.Pattern, " ") // the mux has set it meanwhile
			end(span, r, route, rec)
			a.Log.LogAttrs(r.Context(), slog.LevelInfo, "request",
				slog.String("method", knownMethod(r.Method)), slog.String("route", route), slog.Int("status", rec.status),
				slog.Int64("duration_ms", time.Since(start).Milliseconds()),
				slog.String("organization", rec.organization), slog.String("request_id", id))
		}()
		next.ServeHTTP(rec, r)
	})
}

// knownMethod keeps out of the log what a stranger wrote in a method's place.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	default:
		return "other"
	}
}

// recovered answers a panic with 500 and logs where it was. What was thrown is only
// shown when the runtime threw it: anything else may quote what people wrote.
func (a *api) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			thrown := recover()
			if thrown == nil {
				return
			}
			if thrown == http.ErrAbortHandler { //nolint:errorlint // a panic's value is compared as net/http compares it
				panic(thrown)
			}
			what := fmt.Sprintf("%T", thrown)
			if e, ok := thrown.(runtime.Error); ok {
				what = e.Error()
			}
			a.Log.ErrorContext(r.Context(), "panic", "panic", what, "stack", string(debug.Stack()))
			if rec, ok := w.(*recorder); ok && rec.status != 0 {
				panic(http.ErrAbortHandler) // half an answer must not look like a whole one
			}
			newProblem(http.StatusInternalServerError, "internal", "").write(w)
		}()
		next.ServeHTTP(w, r)
	})
}

// routed answers what no route matches with a problem document instead of a line of text.
func (a *api) routed() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refusal, pattern := a.mux.Handler(r)
		if pattern != "" {
			a.mux.ServeHTTP(w, r)
			return
		}
		probe := &refused{header: http.Header{}}
		refusal.ServeHTTP(probe, r)
		if probe.status == http.StatusMethodNotAllowed {
			p := newProblem(probe.status, "method_not_allowed", "this address does not take this method")
			p.header.Set("Allow", probe.header.Get("Allow"))
			p.write(w)
			return
		}
		newProblem(http.StatusNotFound, "no_such_route", "there is nothing at this address").write(w)
	})
}

// refused takes the mux's own 404 or 405, to learn which it is.
type refused struct {
	header http.Header
	status int
}

func (r *refused) Header() http.Header         { return r.header }
func (r *refused) Write(b []byte) (int, error) { return len(b), nil }
func (r *refused) WriteHeader(status int)      { r.status = status }
