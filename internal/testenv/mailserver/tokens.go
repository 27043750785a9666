package mailserver

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// tokens is the provider that Dovecot asks whose a token is.
type tokens struct {
	server *httptest.Server
	mu     sync.Mutex
	of     map[string]string // by user
}

// SetToken makes an access token the only one that signs a user in.
func (s *Server) SetToken(user, token string) {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	s.tokens.of[user] = token
}

func serveTokens(tb testing.TB) *tokens {
	tb.Helper()
	t := &tokens{of: map[string]string{}}
	t.server = httptest.NewServer(http.HandlerFunc(t.introspect))
	tb.Cleanup(t.server.Close)
	return t
}

// introspect is RFC 7662, 2.
func (t *tokens) introspect(w http.ResponseWriter, r *http.Request) {
	answer := struct {
		Active   bool   `json:"active"`
		Username string `json:"username,omitempty"`
	}{}
	t.mu.Lock()
	for user, token := range t.of {
		if token == r.PostFormValue("token") {
			answer.Active, answer.Username = true, user
		}
	}
	t.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}
