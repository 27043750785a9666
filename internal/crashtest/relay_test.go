//go:build linux

package crashtest

import (
	"net"
	"sync"
	"testing"
	"time"
)

// relay stands between the process and a server, and can be as bad as a network: cut,
// silent or slow.
type relay struct {
	t      *testing.T
	target string
	slow   func() time.Duration // before each piece of an answer; nil: not at all

	mu       sync.Mutex
	listener net.Listener
	address  string
	open     map[net.Conn]bool
	flowing  chan struct{} // closed while the line is up
}

// newRelay returns a relay that is up.
func newRelay(t *testing.T, target string, slow func() time.Duration) *relay {
	t.Helper()
	l := &relay{t: t, target: target, slow: slow, address: "127.0.0.1:0", open: map[net.Conn]bool{}, flowing: make(chan struct{})}
	close(l.flowing)
	l.up()
	t.Cleanup(l.cut)
	return l
}

// up takes connections, at the same address as before.
func (l *relay) up() {
	l.t.Helper()
	var listener net.Listener
	var err error
	for range 100 { // somebody may have the port for a moment
		if listener, err = net.Listen("tcp", l.address); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err != nil {
		l.t.Fatal(err)
	}
	l.mu.Lock()
	l.listener, l.address = listener, listener.Addr().String()
	l.mu.Unlock()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // cut
			}
			go l.serve(conn)
		}
	}()
}

// cut hangs up on everybody and refuses connections until up.
func (l *relay) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listener != nil {
		_ = l.listener.Close()
		l.listener = nil
	}
	for conn := range l.open {
		_ = conn.Close()
	}
	clear(l.open)
}

// silence keeps the connections and passes nothing on until the returned function is called.
func (l *relay) silence() (speak func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	flowing := make(chan struct{})
	l.flowing = flowing
	return sync.OnceFunc(func() { close(flowing) })
}

func (l *relay) serve(client net.Conn) {
	server, err := net.DialTimeout("tcp", l.target, 5*time.Second)
	if err != nil {
		_ = client.Close()
		return
	}
	l.mu.Lock()
	up := l.listener != nil
	if up {
		l.open[client], l.open[server] = true, true
	}
	l.mu.Unlock()
	if !up {
		_ = client.Close()
		_ = server.Close()
		return
	}
	go l.pump(server, client, nil)
	l.pump(client, server, l.slow)
}

// pump passes on what from says, to the end: what a dead client had said still arrives.
func (l *relay) pump(to, from net.Conn, slow func() time.Duration) {
	piece := make([]byte, 32<<10)
	for {
		n, err := from.Read(piece)
		if n > 0 {
			l.mu.Lock()
			flowing := l.flowing
			l.mu.Unlock()
			<-flowing
			if slow != nil {
				time.Sleep(slow())
			}
			if _, err := to.Write(piece[:n]); err != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	_ = to.Close()
	l.mu.Lock()
	delete(l.open, to)
	l.mu.Unlock()
}
