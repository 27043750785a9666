//go:build real

package smtp_test

import (
	"bytes"
	"net"
	"sync"
	"testing"

	"github.com/afterchat/afterchat/connectors/connectortest"
)

// line is the network between a client and a mail server: it keeps what the client said
// and can be cut around the final dot.
type line struct {
	address string
	server  string

	mu    sync.Mutex
	next  connectortest.Breakage
	said  bytes.Buffer
	conns map[net.Conn]bool
}

func newLine(t *testing.T, server string) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{address: listener.Addr().String(), server: server, conns: map[net.Conn]bool{}}
	var served sync.WaitGroup
	served.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // closed
			}
			served.Go(func() { l.serve(client) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		l.mu.Lock()
		for conn := range l.conns {
			_ = conn.Close()
		}
		l.mu.Unlock()
		served.Wait()
	})
	return l
}

func (l *line) breakOnce(how connectortest.Breakage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next = how
}

// heard is what all clients have said so far.
func (l *line) heard() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.said.String()
}

func (l *line) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", l.server)
	if err != nil {
		return
	}
	defer server.Close()
	l.mu.Lock()
	l.conns[client], l.conns[server] = true, true
	l.mu.Unlock()
	cut := make(chan struct{}) // closed: the server's next words are the last, and nobody hears them
	var there sync.WaitGroup
	there.Go(func() { l.back(client, server, cut) })
	l.forth(server, client, cut)
	there.Wait()
}

// forth passes on what the client says, unless it is a final dot that is to be lost.
func (l *line) forth(server, client net.Conn, cut chan struct{}) {
	var end []byte // of what was said so far
	piece := make([]byte, 32<<10)
	for {
		n, err := client.Read(piece)
		if err != nil {
			break
		}
		end = append(end, piece[:n]...)
		end = end[max(0, len(end)-5):]
		switch how := l.keep(piece[:n], bytes.Equal(end, []byte("\r\n.\r\n"))); {
		case how.DropBefore:
			_ = client.Close()
			_ = server.Close()
			return
		case how.DropAfter:
			close(cut)
		}
		if _, err := server.Write(piece[:n]); err != nil {
			break
		}
	}
	_ = server.(*net.TCPConn).CloseWrite()
}

func (l *line) keep(said []byte, dot bool) (how connectortest.Breakage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said.Write(said)
	if dot {
		how, l.next = l.next, connectortest.Breakage{}
	}
	return how
}

// back passes on what the server says, until it is cut.
func (l *line) back(client, server net.Conn, cut chan struct{}) {
	defer client.Close()
	piece := make([]byte, 32<<10)
	for {
		n, err := server.Read(piece)
		if err != nil {
			return
		}
		select {
		case <-cut:
			return
		default:
		}
		if _, err := client.Write(piece[:n]); err != nil {
			return
		}
	}
}
