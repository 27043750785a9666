package bounce

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"github.com/afterchat/afterchat/internal/config"
)

// Limits of a door.
const (
	maxConnections = 64
	// maxFromOne is how many of them one client may have that is not on this machine. It
	// is more than the 20 with which Postfix delivers at once, and leaves room for others.
	maxFromOne    = 32
	maxRecipients = 32 // of one mail
	maxLine       = 16 << 10
	// A client may be silent for firstPatience before it has said anything, and for patience
	// later. RFC 5321 section 4.5.3.2.7 would have a server wait for five minutes, but a
	// bounce comes from a relay that has one to deliver when it connects.
	firstPatience = 30 * time.Second
	patience      = 2 * time.Minute
	// mailTime is how long a mail may take.
	mailTime = 5 * time.Minute
	// lifetime is how long one connection is kept, however busy its client.
	lifetime = 15 * time.Minute
	// takeTimeout bounds what is done in the database for one recipient.
	takeTimeout = 30 * time.Second
)

// Door is a mail server that takes bounces, and nothing else, for the organizations that
// listen at its address. It takes a mail over (250) when what follows from it is on disk
// and not before, and never writes one.
type Door struct {
	Protocol      string // config.ProtocolLMTP or config.ProtocolSMTP
	Name          string // by which it introduces itself
	Organizations []*config.Organization
	Taker         *Taker
	// Ready reports whether the database can be asked at all.
	Ready func() bool
	Log   *slog.Logger

	server *gosmtp.Server
	cancel context.CancelFunc
	mu     sync.Mutex
	lines  map[*line]bool
	closed bool
	full   bool // when it last turned a connection away, and none has gone since
}

// Serve takes connections until Close, or until the listener fails. It is called once.
func (d *Door) Serve(ctx context.Context, l net.Listener) error {
	// What is under way outlives the listener: Close ends it.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	server := gosmtp.NewServer(gosmtp.BackendFunc(func(c *gosmtp.Conn) (gosmtp.Session, error) {
		accepted, _ := c.Conn().(*line)
		return &session{ctx: ctx, door: d, line: accepted}, nil
	}))
	server.LMTP = d.Protocol == config.ProtocolLMTP
	server.Domain = d.Name
	server.MaxMessageBytes, server.MaxRecipients, server.MaxLineLength = MaxBytes, maxRecipients, maxLine
	server.ReadTimeout, server.WriteTimeout = patience, mailTime
	server.EnableSMTPUTF8 = true
	server.ErrorLog = quietly{d.Log}

	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		cancel()
		return l.Close()
	}
	d.server, d.cancel, d.lines = server, cancel, map[*line]bool{}
	d.mu.Unlock()
	return server.Serve(listener{l, d})
}

// Close lets mails that are being taken be taken, hangs up on whoever says nothing, and
// returns when all have gone or ctx is done.
func (d *Door) Close(ctx context.Context) {
	d.mu.Lock()
	d.closed = true
	server := d.server
	for l := range d.lines {
		l.hangUp()
	}
	d.mu.Unlock()
	if server == nil {
		return
	}
	err := server.Shutdown(ctx)
	d.cancel()
	if err == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for l := range d.lines {
		_ = l.Conn.Close()
	}
}

// line is a connection that ends: reads of it have limits beyond the deadlines that
// go-smtp sets before each command.
type line struct {
	net.Conn
	door *Door
	from netip.Prefix

	mu       sync.Mutex
	limit    time.Time
	spoken   bool // has the client said anything?
	busy     bool // with a mail
	hangsUp  bool // when it is not busy any more
	deadline time.Time
}

// Read notes that the client speaks.
func (l *line) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if n > 0 {
		l.mu.Lock()
		l.spoken = true
		l.mu.Unlock()
	}
	return n, err
}

// SetReadDeadline sets the nearer of t and the limit.
func (l *line) SetReadDeadline(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if first := time.Now().Add(firstPatience); !l.spoken && first.Before(t) {
		t = first
	}
	l.deadline = t
	return l.apply()
}

func (l *line) apply() error {
	if l.deadline.IsZero() || l.limit.Before(l.deadline) {
		return l.Conn.SetReadDeadline(l.limit)
	}
	return l.Conn.SetReadDeadline(l.deadline)
}

// during marks the connection as busy with a mail while f runs.
func (l *line) during(f func() error) error {
	l.mark(true)
	defer l.mark(false)
	return f()
}

func (l *line) mark(busy bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = busy
	if busy {
		l.deadline = time.Now().Add(mailTime)
		_ = l.apply() // as below
	}
	l.end()
}

// hangUp ends the connection as soon as no mail is under way: the next read, or the one
// that waits, times out, and go-smtp says goodbye.
func (l *line) hangUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hangsUp = true
	l.end()
}

func (l *line) end() {
	if l.hangsUp && !l.busy {
		l.limit = time.Unix(1, 0)
		_ = l.apply() // a connection that is gone has ended, too
	}
}

// Close forgets the connection.
func (l *line) Close() error {
	l.door.mu.Lock()
	delete(l.door.lines, l)
	l.door.mu.Unlock()
	return l.Conn.Close()
}

// quietly keeps what go-smtp has to say out of the log: it may quote what was said.
type quietly struct{ log *slog.Logger }

// Printf notes that something went wrong.
func (q quietly) Printf(string, ...any) { q.log.Warn("a connection to the bounce door broke") }

// Println notes that something went wrong.
func (q quietly) Println(...any) { q.log.Warn("a connection to the bounce door broke") }

// reply is what a client is told.
func reply(code int, enhanced gosmtp.EnhancedCode, text string) error {
	return &gosmtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: text}
}

func isReply(err error) bool {
	_, ok := errors.AsType[*gosmtp.SMTPError](err)
	return ok
}
