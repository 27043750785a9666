package connectortest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
)

// maxEcho caps how much of a request an answer of a Breaker repeats, in bytes.
const maxEcho = 1 << 20

// Breaker wraps a stand-in's handler and makes it misbehave once, at the next request
// whose method is neither GET nor HEAD. The zero Breaker with Next set is ready to use.
type Breaker struct {
	Next http.Handler

	mu   sync.Mutex
	next *Breakage
}

// Break arms the breaker for one request.
func (b *Breaker) Break(how Breakage) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next = &how
}

// ServeHTTP answers as Next does, or breaks.
func (b *Breaker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	how := b.take(r.Method)
	switch {
	case how == nil:
		b.Next.ServeHTTP(w, r)
	case how.DropAfter:
		b.Next.ServeHTTP(httptest.NewRecorder(), r)
		drop(w)
	case how.DropBefore:
		_, _ = io.Copy(io.Discard, r.Body)
		drop(w)
	default:
		echo(w, r, *how)
	}
}

func (b *Breaker) take(method string) *Breakage {
	if method == http.MethodGet || method == http.MethodHead {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	how := b.next
	b.next = nil
	return how
}

// drop closes the connection without a byte of an answer.
func drop(w http.ResponseWriter) {
	if hijacker, ok := w.(http.Hijacker); ok {
		if conn, _, err := hijacker.Hijack(); err == nil {
			_ = conn.Close()
			return
		}
	}
	panic(http.ErrAbortHandler)
}

// echo answers with the status and, like the worst of vendors, with all that it was
// sent, credential included: none of it may get into an error.
func echo(w http.ResponseWriter, r *http.Request, how Breakage) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxEcho))
	all := strings.Join([]string{r.RequestURI, r.Header.Get("Authorization"), string(body)}, " ")
	for name, values := range how.Header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(how.Status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"error": all, "errors": []string{all}, "message": all, "description": all, "detail": all,
		"details": map[string]any{"base": []any{map[string]string{"error": all, "description": all}}},
		"status":  how.Status,
	})
}
