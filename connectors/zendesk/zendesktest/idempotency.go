package zendesktest

import (
	"crypto/sha256"
	"net/http"
	"time"
)

// known is what the account remembers of a request that it carried out under a key.
type known struct {
	body   [sha256.Size]byte
	at     time.Time
	answer answer
}

// lookup answers a request whose key is known: with the first answer when the body is
// the same, with 400 when it is another. Otherwise it returns the zero answer.
// See https://developer.zendesk.com/api-reference/ticketing/introduction/#idempotency.
func (s *Server) lookup(key string, body []byte) answer {
	first, ok := s.store.known[key]
	if key == "" || !ok || s.options.Now().Sub(first.at) > s.options.IdempotencyWindow {
		return answer{}
	}
	if first.body != sha256.Sum256(body) {
		return failure(http.StatusBadRequest, "IdempotentRequestError", "Request parameters do not match the first request with this key")
	}
	again := first.answer
	again.header = http.Header{"X-Idempotency-Lookup": {"hit"}}
	return again
}

// remember keeps the answer to a request that was carried out, and marks it as the first.
func (s *Server) remember(key string, body []byte, a answer) answer {
	if key == "" {
		return a
	}
	now := s.options.Now()
	s.store.oldKeys.expire(now.Add(-s.options.IdempotencyWindow), func(old string) {
		if now.Sub(s.store.known[old].at) > s.options.IdempotencyWindow {
			delete(s.store.known, old)
		}
	})
	s.store.known[key] = known{body: sha256.Sum256(body), at: now, answer: a}
	s.store.oldKeys = append(s.store.oldKeys, queued{key, now})
	a.header = http.Header{"X-Idempotency-Lookup": {"miss"}}
	return a
}
