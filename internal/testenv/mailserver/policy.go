package mailserver

import (
	"bufio"
	"net"
	"strings"
	"sync"
	"testing"
)

// Request is what Postfix asks before it takes a recipient or, after the final dot, a
// mail: attributes as recipient, sender, protocol_state (RCPT or END-OF-MESSAGE)
// (https://www.postfix.org/SMTPD_POLICY_README.html).
type Request map[string]string

// Policy answers with an action of Postfix's access(5), as "450 4.7.1 Greylisted", or
// with "" if it does not mind. It is called from many goroutines.
type Policy func(Request) string

// policies is the server that Postfix asks.
type policies struct {
	address string
	mu      sync.Mutex
	of      map[string]Policy // by recipient, in lower case
	open    map[net.Conn]bool // nil: closed
}

// SetPolicy decides about mails to one recipient from now on.
func (s *Server) SetPolicy(recipient string, p Policy) {
	s.policies.mu.Lock()
	defer s.policies.mu.Unlock()
	s.policies.of[strings.ToLower(recipient)] = p
}

func servePolicies(tb testing.TB) *policies {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &policies{address: listener.Addr().String(), of: map[string]Policy{}, open: map[net.Conn]bool{}}
	var served sync.WaitGroup
	served.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			served.Go(func() { p.serve(conn) })
		}
	})
	tb.Cleanup(func() {
		_ = listener.Close()
		p.hangUp()
		served.Wait()
	})
	return p
}

func (p *policies) hangUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.open {
		_ = conn.Close()
	}
	p.open = nil
}

// serve answers the requests of one connection: lines "name=value" up to an empty one.
func (p *policies) serve(conn net.Conn) {
	defer conn.Close()
	p.mu.Lock()
	if p.open == nil {
		p.mu.Unlock()
		return
	}
	p.open[conn] = true
	p.mu.Unlock()
	request := Request{}
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), "="); ok {
			request[name] = value
			continue
		}
		if _, err := conn.Write([]byte("action=" + p.decide(request) + "\n\n")); err != nil {
			break
		}
		request = Request{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, conn)
}

func (p *policies) decide(r Request) string {
	p.mu.Lock()
	policy := p.of[strings.ToLower(r["recipient"])]
	p.mu.Unlock()
	if policy != nil {
		if action := policy(r); action != "" {
			return action
		}
	}
	return "DUNNO"
}
