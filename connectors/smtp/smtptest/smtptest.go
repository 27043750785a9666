// Package smtptest is a mail server for tests and the demo: it takes mail over real
// SMTP on a loopback port, keeps it in memory and delivers it to nobody.
//
// It behaves: it knows size limits, AUTH and STARTTLS, refuses recipients by their
// local part, and can be told to misbehave once at the worst moment. Messages are only
// parsed when somebody looks at them.
package smtptest

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"

	gosmtp "github.com/emersion/go-smtp"
)

// Options say how a server behaves. The zero value takes everything in the clear.
type Options struct {
	// Address to listen on; empty means a free port of 127.0.0.1.
	Address string
	// MaxBytes is the largest mail, announced as SIZE; 0 means no limit.
	MaxBytes int64
	// Username and Password must be given by AUTH, if set.
	Username, Password string
	// Token must be given by AUTH XOAUTH2 instead, if set; SetToken changes it.
	Token string
	// Mechanisms of AUTH on offer; empty means PLAIN, LOGIN and CRAM-MD5, or XOAUTH2.
	Mechanisms []string
	// StartTLS offers STARTTLS; ImplicitTLS speaks TLS from the first byte. The
	// certificate for localhost is signed by the authority that CA returns.
	StartTLS, ImplicitTLS bool
	// SMTPUTF8 takes addresses outside ASCII.
	SMTPUTF8 bool
	// Refusals answers for recipients by local part; the function Refusals has the usual ones.
	Refusals map[string]Refusal
	// HeadersOnly forgets bodies, for runs with very many mails.
	HeadersOnly bool
}

// Refusal is an answer to RCPT.
type Refusal struct {
	Code     int
	Enhanced [3]int
	// Once refuses an address the first time only, as greylisting does.
	Once bool
}

// Refusals returns the usual ones: refused, full, quota and greylisted.
func Refusals() map[string]Refusal {
	return map[string]Refusal{
		"refused":    {Code: 550, Enhanced: [3]int{5, 1, 1}},
		"full":       {Code: 452, Enhanced: [3]int{4, 2, 2}},
		"quota":      {Code: 552, Enhanced: [3]int{5, 2, 2}},
		"greylisted": {Code: 451, Enhanced: [3]int{4, 7, 1}, Once: true},
	}
}

// Breakage is how the server misbehaves once, at the next mail.
type Breakage struct {
	// Code and Enhanced answer to the final dot without keeping the mail.
	Code     int
	Enhanced [3]int
	// DropBefore hangs up at RCPT; DropAfter keeps the mail and hangs up instead of
	// answering to the final dot; Stall neither keeps nor answers until the client leaves.
	DropBefore, DropAfter, Stall bool
}

// Server is a running mail server.
type Server struct {
	options  Options
	smtp     *gosmtp.Server
	listener net.Listener
	ca       []byte
	served   chan struct{}

	mu         sync.Mutex
	messages   []*stored
	greylisted map[string]bool
	next       *Breakage
	open       map[*gosmtp.Conn]bool
	sessions   int
}

// New starts a server. Close it.
func New(o Options) (*Server, error) {
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	s := &Server{options: o, greylisted: map[string]bool{}, open: map[*gosmtp.Conn]bool{}, served: make(chan struct{})}
	s.smtp = gosmtp.NewServer(gosmtp.BackendFunc(s.session))
	s.smtp.Domain = "smtptest"
	s.smtp.AllowInsecureAuth = true
	s.smtp.MaxMessageBytes = o.MaxBytes
	s.smtp.EnableSMTPUTF8 = o.SMTPUTF8
	s.smtp.ErrorLog = log.New(io.Discard, "", 0)
	if o.StartTLS || o.ImplicitTLS {
		config, ca, err := certificate()
		if err != nil {
			return nil, err
		}
		s.ca = ca
		s.smtp.TLSConfig = config
	}
	listener, err := net.Listen("tcp", o.Address)
	if err != nil {
		return nil, fmt.Errorf("listening for mail: %w", err)
	}
	s.listener = listener
	if o.ImplicitTLS {
		listener = tls.NewListener(listener, s.smtp.TLSConfig)
	}
	go func() {
		defer close(s.served)
		_ = s.smtp.Serve(listener) // ends with Close
	}()
	return s, nil
}

// Addr returns "host:port".
func (s *Server) Addr() string { return s.listener.Addr().String() }

// CA returns the certificate, in PEM form, of the authority that signed the server's.
func (s *Server) CA() []byte { return s.ca }

// Close hangs up on everybody and stops.
func (s *Server) Close() error {
	err := s.smtp.Close()
	_ = s.listener.Close() // Serve may not have got so far as to hand it to s.smtp
	<-s.served
	if errors.Is(err, gosmtp.ErrServerClosed) {
		return nil
	}
	return err
}

// HangUp closes every open connection, as a server does that is restarted.
func (s *Server) HangUp() {
	s.mu.Lock()
	open := slices.Collect(maps.Keys(s.open))
	s.mu.Unlock()
	for _, conn := range open {
		_ = conn.Close()
	}
}

// Break makes the server misbehave at the next mail.
func (s *Server) Break(how Breakage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = &how
}

// SetToken changes the token that signs in.
func (s *Server) SetToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.options.Token = token
}

// Sessions returns how many connections have been made so far.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions
}

// Len returns how many mails were taken.
func (s *Server) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.messages)
}

// Messages returns copies of the mails that were taken, oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	kept := s.messages[:len(s.messages):len(s.messages)]
	s.mu.Unlock()
	out := make([]Message, len(kept))
	for i, m := range kept {
		out[i] = m.message()
	}
	return out
}

// Clear forgets the mails that were taken.
func (s *Server) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = nil
}

func (s *Server) keep(m *stored) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, m)
}

// breakage takes what was ordered with Break, if it is of the given kind.
func (s *Server) breakage(wanted func(Breakage) bool) (Breakage, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil || !wanted(*s.next) {
		return Breakage{}, false
	}
	how := *s.next
	s.next = nil
	return how, true
}

// refusal returns the answer for a recipient that is not taken, or nil.
func (s *Server) refusal(to string) *gosmtp.SMTPError {
	local, _, _ := strings.Cut(to, "@")
	r, ok := s.options.Refusals[local]
	if !ok {
		return nil
	}
	if r.Once {
		s.mu.Lock()
		seen := s.greylisted[to]
		s.greylisted[to] = true
		s.mu.Unlock()
		if seen {
			return nil
		}
	}
	// Like many real servers, it repeats the address.
	return reply(r.Code, r.Enhanced, "<"+to+">: not taken")
}

func reply(code int, enhanced [3]int, text string) *gosmtp.SMTPError {
	return &gosmtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: text}
}
