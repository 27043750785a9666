package connectors

import (
	"context"
	"sync"
	"time"
)

const (
	// slowCall is how long a call takes at a vendor that does not keep up, or answers no more.
	slowCall = 5 * time.Second
	// paceWait is how long a worker waits for a call to end. Of quick ones many end meanwhile.
	paceWait = 200 * time.Millisecond
)

// pace bounds how many of a process's workers are at one account whose vendor names no
// number: nearly all while its calls are quick, a few while they are slow. A vendor that
// takes connections and answers nothing would otherwise have every worker wait for it, and
// with them every other organization.
type pace struct {
	mu           sync.Mutex
	least, limit int // what most may be
	most         int // how many may be inside now
	inside       int
	waiting      int
	slow         bool          // the last call was
	left         chan struct{} // closed when one has left
}

// newPace always leaves a quarter of the workers to others.
func newPace(workers int) *pace {
	limit := max(workers*3/4, 1)
	return &pace{least: max(workers/16, 1), limit: limit, most: limit, left: make(chan struct{})}
}

// enter waits for room.
func (p *pace) enter(ctx context.Context, wait time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inside >= p.most && !p.room(ctx, min(wait, paceWait)) {
		return false
	}
	p.inside++
	return true
}

// room waits until there is some, with the lock let go meanwhile.
func (p *pace) room(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	p.waiting++
	defer func() { p.waiting-- }()
	for goOn := true; goOn && p.inside >= p.most; {
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
	return p.inside < p.most
}

func (p *pace) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inside--
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
