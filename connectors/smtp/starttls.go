package smtp

import (
	"crypto/tls"
	"net"
	"net/textproto"
	"regexp"
	"time"

	"github.com/afterchat/afterchat/internal/fault"
)

// offersTLS is STARTTLS among the names of extensions, in any case.
var offersTLS = regexp.MustCompile(`(?im)^STARTTLS\s*$`)

// startTLS asks for TLS (RFC 3207) and returns the connection in it. That begins with a
// greeting, which go-smtp awaits. go-smtp's own way would say "EHLO localhost", and would
// not let replies stand between it and what is said inside.
func startTLS(conn net.Conn, helo string, config *tls.Config) (net.Conn, error) {
	if err := conn.SetDeadline(time.Now().Add(commandTimeout)); err != nil {
		return nil, replyFault(connecting, err)
	}
	text := textproto.NewConn(&replies{Conn: conn})
	if _, _, err := text.ReadResponse(220); err != nil {
		return nil, replyFault(connecting, err)
	}
	offers, err := ask(text, 250, "EHLO "+helo)
	if reply, ok := asReply(err); ok && (reply.Code == 500 || reply.Code == 502) {
		offers, err = "", nil // it knows HELO alone
	}
	if err != nil {
		return nil, replyFault(connecting, err)
	}
	if !offersTLS.MatchString(offers) {
		return nil, fault.New(fault.Denied, "starttls_unsupported", "the mail server offers no STARTTLS, which this account requires")
	}
	if _, err := ask(text, 220, "STARTTLS"); err != nil {
		return nil, replyFault(connecting, err)
	}
	inside := &replies{Conn: tls.Client(conn, config)}
	inside.out.WriteString("220 \r\n")
	return inside, nil
}

// ask says a line and returns the text of the reply.
func ask(text *textproto.Conn, code int, line string) (string, error) {
	if err := text.PrintfLine("%s", line); err != nil {
		return "", err
	}
	_, message, err := text.ReadResponse(code)
	return message, err
}
