// Package twiliotest is a stand-in for the part of Twilio's API that sends SMS: it takes
// messages as Twilio does, keeps them in memory and sends none.
//
// It checks the credential, answers and errors in Twilio's shapes, lists with filters
// and pages, limits its rate if told to, and signs the status callbacks that follow a
// message. Its answers are checked against Twilio's own description in its tests.
package twiliotest

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Options say how a server behaves.
type Options struct {
	// AccountSID and AuthToken must be given by Basic authentication.
	AccountSID, AuthToken string
	// Errors are the codes that messages to these numbers (E.164) are refused with, as
	// 21610 for somebody who has opted out.
	Errors map[string]int
	// PerSecond is how many messages are taken a second; 0 means any number.
	PerSecond int
	// Callbacks are the statuses that each message goes through after its creation, told
	// to its StatusCallback; empty means that none are.
	Callbacks []string
}

// Message is an SMS as it was taken. Status is the latest.
type Message struct {
	SID, From, To, Body, Status, StatusCallback string
	Created                                     time.Time
}

// Server is an http.Handler. Use New.
type Server struct {
	options Options
	limiter *rate.Limiter
	mux     *http.ServeMux
	client  *http.Client
	calls   sync.WaitGroup
	stop    chan struct{}

	mu       sync.Mutex
	messages []*Message
}

// New returns a server. Close it if it makes callbacks.
func New(o Options) *Server {
	s := &Server{
		options: o, limiter: rate.NewLimiter(rate.Inf, 0), mux: http.NewServeMux(),
		client: &http.Client{Transport: &http.Transport{}, Timeout: 5 * time.Second}, stop: make(chan struct{}),
	}
	if o.PerSecond > 0 {
		s.limiter = rate.NewLimiter(rate.Limit(o.PerSecond), o.PerSecond)
	}
	account := "/2010-04-01/Accounts/" + o.AccountSID
	s.mux.HandleFunc("GET "+account+".json", s.account)
	s.mux.HandleFunc("POST "+account+"/Messages.json", s.create)
	s.mux.HandleFunc("GET "+account+"/Messages.json", s.list)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, 20404, "The requested resource "+r.URL.Path+" was not found")
	})
	return s
}

// ServeHTTP checks the credential and answers.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sid, token, ok := r.BasicAuth()
	if !ok || sid != s.options.AccountSID || token != s.options.AuthToken {
		refuse(w, http.StatusUnauthorized, 20003, "Authenticate")
		return
	}
	s.mux.ServeHTTP(w, r)
}

// Close waits for callbacks under way and makes no more.
func (s *Server) Close() {
	close(s.stop)
	s.calls.Wait()
	s.client.CloseIdleConnections()
}

// Messages returns copies of the messages that were taken, oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Message, len(s.messages))
	for i, m := range s.messages {
		out[i] = *m
	}
	return out
}

// Len returns how many messages were taken.
func (s *Server) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.messages)
}

// Clear forgets the messages that were taken.
func (s *Server) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = nil
}

// to returns copies of the messages to a number ("" for any), the newest first.
func (s *Server) to(number string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Message
	for i := len(s.messages) - 1; i >= 0; i-- {
		if number == "" || s.messages[i].To == number {
			out = append(out, *s.messages[i])
		}
	}
	return out
}

func newSID(prefix string) string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return prefix + strings.ToLower(hex.EncodeToString(b[:]))
}
