// Package bounce takes in what mail servers send back: reports about a mail's delivery
// (DSN, RFC 3464 and 6533) and complaints (RFC 5965), by LMTP or SMTP (door.go) or
// through the webhook. Each becomes the receipt of the delivery that it is about, and
// may suppress that delivery's address; nobody is ever answered (RFC 3834).
//
// What is trusted: a bounce can only touch deliveries of the organization whose address
// or secret it came by, and has to show the tag of the mail that it is about
// (signing.Keys.BounceMark), in the address that it was sent to or in the Message-ID of
// the mail that it returns. A delivery's key alone proves nothing, because it follows from ids that a
// chat core's users may know; only whoever holds the webhook's secret is believed
// without a tag.
//
// Parse reads a mail (report.go, status.go, odd.go), Verdict says what follows from it
// (verdict.go), and Taker carries that out (taker.go).
package bounce

import (
	"errors"
	"io"

	"github.com/emersion/go-message"

	"github.com/afterchat/afterchat/internal/fault"
)

// MaxBytes bounds a mail. It is read as it comes and never kept: a report may return
// a whole transcript with its files.
const MaxBytes = 32 << 20

// Bounds within a mail, which no report comes near.
const (
	maxHeader   = 128 << 10 // bytes of one header
	maxParts    = 64
	maxFields   = 64 << 10 // bytes of a status or feedback part
	maxGroups   = 128
	maxMentions = 32 // addresses
)

// Report is what a mail says about an earlier one.
type Report struct {
	Verdict
	// Addresses are those of the mail's own recipients and of the return path of the mail
	// that it is about.
	Addresses []string
	// MessageID is that of the mail that it is about, if that mail came back with it.
	MessageID string
}

// Parse reads a mail to its end. nullSender is true when its envelope names no sender,
// which is how bounces come (RFC 5321, 4.5.5). A mail that is no report has no Word.
// The error is the reader's own, or of kind Invalid when this is no mail.
func Parse(r io.Reader, nullSender bool) (Report, error) {
	in := &source{r: r, left: maxHeader}
	p := parser{in: in}
	top, err := message.ReadWithOptions(in, &message.ReadOptions{MaxHeaderBytes: maxHeader})
	if top != nil {
		p.mail(top, nullSender)
	}
	in.left = unbounded
	if _, drained := io.Copy(io.Discard, in); drained != nil {
		return Report{}, drained
	}
	if top == nil || top.Header.Len() == 0 {
		return Report{}, fault.Wrap(fault.Invalid, "not_a_mail", "the body is not a mail (RFC 5322)", err)
	}
	return p.report, nil
}

// source is the mail as it comes. It bounds what is read while a header is looked for,
// and remembers how the reader ended, which a half-read part would hide.
type source struct {
	r    io.Reader
	left int
	err  error
}

const unbounded = -1

var errHeaderTooLong = errors.New("a header is too long")

// Read reads on, and fails for ever once the reader has.
func (s *source) Read(b []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	if s.left == 0 {
		return 0, errHeaderTooLong
	}
	if s.left > 0 {
		b = b[:min(len(b), s.left)]
	}
	n, err := s.r.Read(b)
	if s.left > 0 {
		s.left -= n
	}
	s.err = err
	return n, err
}
