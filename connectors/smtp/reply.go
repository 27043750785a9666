package smtp

import (
	"bytes"
	"errors"
	"net"
	"net/textproto"
	"regexp"
	"strconv"

	gosmtp "github.com/emersion/go-smtp"
)

// replies hands on what a server says in the form that go-smtp reads. To that a reply is
// none if it is a code and nothing else, and names of extensions are in capitals, while by
// RFC 5321 any text or none will do (4.2), and names in any case (2.4). A bare 250 to the
// final dot would otherwise be a mail of which nobody knows whether it was taken.
type replies struct {
	net.Conn
	out    bytes.Buffer
	err    error // once out is empty
	heard  int   // bytes since something was said
	code   [codeLen]byte
	column int
	text   bool // the line's first word is over
}

const (
	// codeLen is how long a reply's code is.
	codeLen = 3
	// maxReply bounds a reply. It is kept until it ends, and a server may go on for ever.
	maxReply = 64 << 10
)

var errEndlessReply = errors.New("a reply does not end")

// Write says something, and what is heard from then on is another reply.
func (r *replies) Write(p []byte) (int, error) {
	r.heard = 0
	return r.Conn.Write(p)
}

// Read reads on.
func (r *replies) Read(p []byte) (int, error) {
	if r.heard > maxReply {
		r.err = errEndlessReply
	}
	if r.out.Len() == 0 && r.err == nil {
		var n int
		n, r.err = r.Conn.Read(p)
		r.heard += n
		for _, c := range p[:n] {
			r.take(c)
		}
	}
	if r.out.Len() == 0 {
		return 0, r.err
	}
	return r.out.Read(p)
}

// take hands on one byte.
func (r *replies) take(c byte) {
	switch {
	case c == '\r', c == '\n':
		if r.column == codeLen {
			r.out.WriteByte(' ')
		}
		r.column = codeLen // and the next makes it more
	case r.column < codeLen:
		r.code[r.column] = c
	case r.column == codeLen: // a dash or a space
	case c == ' ':
		r.text = true
	case !r.text && 'a' <= c && c <= 'z' && string(r.code[:]) == "250":
		c -= 'a' - 'A'
	}
	r.out.WriteByte(c)
	r.column++
	if c == '\n' {
		r.column, r.text = 0, false
	}
}

// enhancedCode is one that begins a line (RFC 2034, 4).
var enhancedCode = regexp.MustCompile(`(?m)^([245])\.(\d{1,3})\.(\d{1,3})(?:\s|$)`)

// asReply finds a server's reply in an error. Where go-smtp has seen no enhanced code,
// because no text follows it on the first line, one of the reply's own class is looked for
// on all of them.
func asReply(err error) (*gosmtp.SMTPError, bool) {
	reply, ok := errors.AsType[*gosmtp.SMTPError](err)
	if text, isText := errors.AsType[*textproto.Error](err); !ok && isText { // startTLS
		reply, ok = &gosmtp.SMTPError{Code: text.Code, Message: text.Msg}, true
	}
	if !ok || reply.EnhancedCode[0] > 0 {
		return reply, ok
	}
	m := enhancedCode.FindStringSubmatch(reply.Message)
	if m == nil || m[1] != strconv.Itoa(reply.Code/100) {
		return reply, true
	}
	found := *reply
	for i, digits := range m[1:] {
		found.EnhancedCode[i], _ = strconv.Atoi(digits) // they are digits
	}
	return &found, true
}
