package connectors

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// slowCall is how long a call takes at a vendor that does not keep up, or answers no more.
	slowCall = 5 * time.Second
	// paceWait is how long a worker waits for a call to end. Of quick ones many end meanwhile.
	paceWait = 200 * time.Millisecond
)

// Workers are all that a process has, whom its accounts share.
type Workers struct {
	all  int
	busy atomic.Int64 // at any account
}

// NewWorkers returns so many, with nothing to do.
func NewWorkers(all int) *Workers { return &Workers{all: all} }

func (w *Workers) begin() { w.busy.Add(1) }
func (w *Workers) end()   { w.busy.Add(-1) }

// pace bounds how many of a process's workers are at one account whose vendor names no
// number: nearly all while its calls are quick, a few while they are slow. A vendor that
// takes connections and answers nothing would otherwise have every worker wait for it, and
// with them every other organization.
type pace struct {
	workers      *Workers
	mu           sync.Mutex
	least, limit int // what most may be
	most         int // how many may be inside now
	inside       int
	waiting      int
	slow         bool          // the last call was
	left         chan struct{} // closed when one has left
}

func newPace(w *Workers) *pace {
	limit := share(w.all)
	return &pace{workers: w, least: max(w.all/16, 1), limit: limit, most: limit, left: make(chan struct{})}
}

// share is how many of some workers one account may have: a quarter is left to others. Of
// two vendors that stop answering at the same moment the second has three quarters of what
// the first has left, so that even then there are some.
func share(workers int) int { return max(workers*3/4, 1) }

// full reports whether nobody else may come in.
func (p *pace) full() bool {
	others := int(p.workers.busy.Load()) - p.inside
	return p.inside >= min(p.most, share(p.workers.all-others))
}

// enter waits for room.
func (p *pace) enter(ctx context.Context, wait time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.full() && !p.room(ctx, min(wait, paceWait)) {
		return false
	}
	p.inside++
	p.workers.begin()
	return true
}

// room waits until there is some, with the lock let go meanwhile.
func (p *pace) room(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	p.waiting++
	defer func() { p.waiting-- }()
	for goOn := true; goOn && p.full(); {
		left := p.left
		p.mu.Unlock()
		select {
		case <-left:
		case <-timer.C:
			goOn = false
		case <-ctx.Done():
			goOn = false
		}
		p.mu.Lock()
	}
	return !p.full()
}

func (p *pace) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inside--
	p.workers.end()
	if p.waiting > 0 {
		close(p.left)
		p.left = make(chan struct{})
	}
}

// took hears how long a call took.
func (p *pace) took(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.slow = d >= slowCall; p.slow {
		p.most = max(p.most/2, p.least)
	} else {
		p.most = min(p.most+1, p.limit)
	}
}

func (p *pace) isSlow() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.slow
}
