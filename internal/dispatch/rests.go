package dispatch

import (
	"sync"
	"time"

	"github.com/afterchat/afterchat/internal/store"
)

// Rests knows which accounts are not to be called for a while: because a vendor asked
// for it, a limit is used up, or a credential was refused. What PostgreSQL says of
// pauses is read again and again, so that all processes pause together.
type Rests struct {
	mu     sync.Mutex
	until  map[store.Account]time.Time
	paused map[store.Account]bool
}

// NewRests returns a Rests that knows of none.
func NewRests() *Rests {
	return &Rests{until: map[store.Account]time.Time{}, paused: map[store.Account]bool{}}
}

// Rest lets an account rest for d, or longer if it already does.
func (r *Rests) Rest(a store.Account, d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if until := time.Now().Add(d); until.After(r.until[a]) {
		r.until[a] = until
	}
}

// RestsFor returns how long an account still rests, 0 if it may be called.
func (r *Rests) RestsFor(a store.Account) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	until, ok := r.until[a]
	if !ok {
		return 0
	}
	rest := time.Until(until)
	if rest <= 0 {
		delete(r.until, a)
	}
	return max(rest, 0)
}

// Paused reports whether an account was refused and no call has worked since.
func (r *Rests) Paused(a store.Account) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.paused[a]
}

// Resting returns the accounts that rest now.
func (r *Rests) Resting() []store.Account {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []store.Account
	for a, until := range r.until {
		if time.Now().Before(until) {
			out = append(out, a)
		}
	}
	return out
}

// replace takes over the pauses that PostgreSQL knows.
func (r *Rests) replace(pauses map[store.Account]time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.paused)
	for a, d := range pauses {
		r.paused[a] = true
		if until := time.Now().Add(d); d > 0 && until.After(r.until[a]) {
			r.until[a] = until
		}
	}
}
