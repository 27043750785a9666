package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/fault"
)

// Deadlines of single steps; the context's own is kept wherever it is nearer. Servers
// that answer late on purpose, or look into a mail before they take it, get the time that
// RFC 5321, 4.5.3.2 gives them: whoever hangs up on those sends twice, or never.
const (
	dialTimeout       = 10 * time.Second
	commandTimeout    = 5 * time.Minute
	blockTimeout      = 3 * time.Minute  // a piece of a mail until the server takes it
	submissionTimeout = 10 * time.Minute // from the final dot to its reply
	quitTimeout       = time.Second
)

// dialer opens sessions: connected, in TLS where asked for, introduced and signed in.
type dialer struct {
	address            string
	tls                *tls.Config // nil: in the clear
	implicit           bool
	helo               string
	username, password string
	tokens             *tokens // nil: the password signs in
}

// dial opens a session. A refused token is replaced once: its provider may have taken it
// back before its time.
func (d dialer) dial(ctx context.Context) (*session, error) {
	if d.tokens == nil {
		return d.open(ctx, "")
	}
	token, err := d.tokens.get(ctx, "")
	if err != nil {
		return nil, err
	}
	s, refusal := d.open(ctx, token)
	if _, refused := errors.AsType[tokenRefused](refusal); !refused {
		return s, refusal
	}
	fresh, err := d.tokens.get(ctx, token)
	switch {
	case err != nil:
		return nil, err
	case fresh == token:
		return nil, refusal
	}
	return d.open(ctx, fresh)
}

func (d dialer) open(ctx context.Context, token string) (*session, error) {
	raw, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", d.address)
	if err != nil {
		return nil, fault.Wrap(fault.Transient, "unreachable", "the mail server cannot be reached", err)
	}
	conn := &deadlineConn{Conn: raw}
	release := conn.bound(ctx)
	defer release()
	s, err := d.start(conn, token)
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	return s, nil
}

func (d dialer) start(conn *deadlineConn, token string) (*session, error) {
	helo := d.heloName(conn.LocalAddr())
	var said net.Conn
	switch {
	case d.tls == nil:
		said = &replies{Conn: conn}
	case d.implicit:
		said = &replies{Conn: tls.Client(conn, d.tls)}
	default:
		var err error
		if said, err = startTLS(conn, helo, d.tls); err != nil {
			return nil, err
		}
	}
	client := gosmtp.NewClient(said)
	client.CommandTimeout, client.SubmissionTimeout = commandTimeout, submissionTimeout
	if err := client.Hello(helo); err != nil {
		return nil, replyFault(connecting, err)
	}
	if d.username != "" {
		if err := d.signIn(client, token); err != nil {
			return nil, err
		}
	}
	return &session{client: client, conn: conn, helo: helo}, nil
}

// heloName returns a full name of this machine, or its address (RFC 5321, 4.1.4).
func (d dialer) heloName(local net.Addr) string {
	if d.helo != "" {
		return d.helo
	}
	if name, err := os.Hostname(); err == nil && strings.Contains(name, ".") && isASCII(name) {
		return name
	}
	tcp, ok := local.(*net.TCPAddr)
	switch {
	case !ok:
		return "localhost"
	case tcp.IP.To4() != nil:
		return "[" + tcp.IP.String() + "]"
	default:
		return "[IPv6:" + tcp.IP.String() + "]"
	}
}

// session is one connection that mails are sent over, one at a time.
type session struct {
	client    *gosmtp.Client
	conn      *deadlineConn
	helo      string
	reused    bool
	dirty     bool // a transaction was begun and refused: RSET before the next
	broken    bool // not to be used again
	idleSince time.Time
}

// send carries out one transaction. It reports stale when a kept connection turned out
// to be closed before anything was begun.
func (s *session) send(ctx context.Context, m message) (stale bool, err error) {
	release := s.conn.bound(ctx)
	defer func() {
		if !release() {
			s.broken = true
		}
	}()
	if err := s.envelope(m); err != nil {
		stale = s.reused && s.broken && !s.dirty && ctx.Err() == nil
		return stale, err
	}
	return false, s.content(ctx, m.raw)
}

// envelope says MAIL and RCPT. Nothing has an effect yet.
func (s *session) envelope(m message) error {
	if limit, ok := s.client.MaxMessageSize(); ok && limit > 0 && len(m.raw) > limit {
		return fault.New(fault.Invalid, "5.3.4", "the mail is larger than the mail server takes")
	}
	if ok, _ := s.client.Extension("SMTPUTF8"); m.utf8 && !ok {
		return fault.New(fault.Invalid, "5.6.7", "the mail server cannot take an address outside ASCII").At("to")
	}
	if err := s.client.Mail(m.from, &gosmtp.MailOptions{Size: int64(len(m.raw)), UTF8: m.utf8}); err != nil {
		return s.refused(sender, err)
	}
	s.dirty = true
	if err := s.client.Rcpt(m.to, nil); err != nil {
		return s.refused(recipient, err)
	}
	return nil
}

// content says DATA and the mail. From the final dot on, no reply means that nobody
// knows; after a good reply nothing matters any more.
func (s *session) content(ctx context.Context, raw []byte) error {
	w, err := s.client.Data()
	if err != nil {
		return s.refused(content, err)
	}
	if err := connectors.CheckLease(ctx); err != nil {
		s.broken = true // there is no way back from DATA but to hang up
		return err
	}
	if _, err := w.Write(raw); err != nil {
		s.broken = true
		return replyFault(content, err)
	}
	s.dirty = false // the transaction is over, whatever the reply (RFC 5321, 4.1.1.4)
	if err := w.Close(); err != nil {
		return s.refused(finalDot, err)
	}
	return nil
}

// refused notes what the error means for the connection and returns the fault. After a
// reply that is no refusal nobody knows which command the next one will be about.
func (s *session) refused(at stage, err error) error {
	if reply, ok := asReply(err); !ok || reply.Code == 421 || reply.Code/100 != 4 && reply.Code/100 != 5 {
		s.broken = true
	}
	return replyFault(at, err)
}

// ready makes a kept session fit for the next mail; false means that it is not.
func (s *session) ready(ctx context.Context, idle time.Duration) bool {
	release := s.conn.bound(ctx)
	var err error
	switch {
	case s.dirty:
		// go-smtp says EHLO again after RSET. Done here, a server that takes it only once
		// costs a new connection and no mail.
		if err = s.client.Reset(); err == nil {
			err = s.client.Hello(s.helo)
		}
		s.dirty = false
	case idle > askAfter:
		err = s.client.Noop()
	}
	return release() && err == nil
}

func (s *session) close() {
	if !s.broken {
		s.conn.until(time.Now().Add(quitTimeout))
		_ = s.client.Quit()
	}
	_ = s.conn.Close()
}

// deadlineConn never lets a deadline go beyond a limit. go-smtp knows no contexts and
// sets, and takes away, its own deadline around every command.
type deadlineConn struct {
	net.Conn
	mu    sync.Mutex
	limit time.Time
}

// bound ties the connection to the context. The returned function unties it and
// reports whether the connection is still good.
func (c *deadlineConn) bound(ctx context.Context) (release func() bool) {
	c.until(time.Time{})
	stop := context.AfterFunc(ctx, func() { c.until(time.Unix(1, 0)) })
	return func() bool {
		if !stop() {
			return false
		}
		c.until(time.Time{})
		return true
	}
}

func (c *deadlineConn) until(limit time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limit = limit
	_ = c.Conn.SetDeadline(limit)
}

// SetDeadline sets the nearer of t and the limit.
func (c *deadlineConn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Conn.SetDeadline(c.nearer(t))
}

// Write gives each piece a time of its own: go-smtp has none for a mail's content.
func (c *deadlineConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	err := c.SetWriteDeadline(c.nearer(time.Now().Add(blockTimeout)))
	c.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// nearer is t, or the limit; the caller has locked.
func (c *deadlineConn) nearer(t time.Time) time.Time {
	if !c.limit.IsZero() && (t.IsZero() || t.After(c.limit)) {
		return c.limit
	}
	return t
}
