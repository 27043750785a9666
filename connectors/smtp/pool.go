package smtp

import (
	"context"
	"sync"
	"time"

	"github.com/afterchat/afterchat/internal/fault"
)

const (
	// defaultConnections is how many a server is asked for; the large ones allow 10 to 50.
	defaultConnections = 10
	// keepIdle is how long an unused connection is kept.
	keepIdle = 30 * time.Second
	// askAfter is how long a connection may be idle before it is asked whether it lives.
	askAfter = 3 * time.Second
)

// pool keeps sessions. There are never more of them than slots: each is opened and used
// under one, and none is opened while one is idle.
type pool struct {
	dial  func(context.Context) (*session, error)
	slots chan struct{}

	mu     sync.Mutex
	idle   []*session // the most recently used last
	reaper *time.Timer
	closed bool
}

func newPool(dial func(context.Context) (*session, error), connections int) *pool {
	return &pool{dial: dial, slots: make(chan struct{}, connections)}
}

// get returns a session, which has to be put back.
func (p *pool) get(ctx context.Context) (*session, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, fault.Wrap(fault.Transient, "busy", "no connection to the mail server became free", ctx.Err())
	}
	for s := p.pop(); s != nil; s = p.pop() {
		s.reused = true
		if idle := time.Since(s.idleSince); idle < keepIdle && s.ready(ctx, idle) {
			return s, nil
		}
		s.broken = true
		s.close()
	}
	s, err := p.dial(ctx)
	if err != nil {
		<-p.slots
		return nil, err
	}
	return s, nil
}

// put takes a session back, to keep it or to close it.
func (p *pool) put(s *session) {
	s.idleSince = time.Now()
	p.mu.Lock()
	keep := !s.broken && !p.closed
	if keep {
		p.idle = append(p.idle, s)
		if p.reaper == nil {
			p.reaper = time.AfterFunc(keepIdle, p.reap)
		}
	}
	p.mu.Unlock()
	if !keep {
		s.close()
	}
	<-p.slots
}

func (p *pool) close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	if p.reaper != nil {
		p.reaper.Stop()
	}
	p.mu.Unlock()
	for _, s := range idle {
		s.close()
	}
}

func (p *pool) pop() *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		return nil
	}
	s := p.idle[last]
	p.idle[last] = nil
	p.idle = p.idle[:last]
	return s
}

// reap closes what has been idle for too long and comes back while anything is left.
func (p *pool) reap() {
	p.mu.Lock()
	n := 0
	for n < len(p.idle) && time.Since(p.idle[n].idleSince) >= keepIdle {
		n++
	}
	old := append([]*session(nil), p.idle[:n]...)
	p.idle = append([]*session(nil), p.idle[n:]...)
	p.reaper = nil
	if len(p.idle) > 0 && !p.closed {
		p.reaper = time.AfterFunc(keepIdle-time.Since(p.idle[0].idleSince), p.reap)
	}
	p.mu.Unlock()
	for _, s := range old {
		s.close()
	}
}
