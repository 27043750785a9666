package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"github.com/afterchat/afterchat/internal/fault"
)

// stage is how far a transaction had come when something went wrong.
type stage uint8

const (
	connecting stage = iota // greeting, EHLO, TLS
	signingIn
	sender    // MAIL
	recipient // RCPT
	content   // DATA, and the mail up to its final dot
	finalDot  // the reply to it
)

var stages = [...]string{"connecting", "signing in", "naming the sender", "naming the recipient", "sending the mail", "waiting for the reply"}

// domainPause is how long a domain is left alone that takes no more.
const domainPause = time.Minute

// A full mailbox is tried a few times, slowly: somebody may empty it within the day.
const (
	mailboxFullPause = 4 * time.Hour
	mailboxFullTries = 4
)

// replyFault turns an error of a command into a fault. The server's text stays out of
// it: servers like to repeat addresses.
func replyFault(at stage, err error) *fault.Error {
	if reply, ok := asReply(err); ok {
		return classify(at, reply)
	}
	code, detail := "no_answer", "the mail server did not answer"
	switch {
	case isCertificate(err):
		return fault.Wrap(fault.Denied, "tls_certificate", "the mail server's certificate is not trusted", err)
	case isPlain(err):
		code, detail = "no_tls", "the mail server answered in the clear and not in TLS"
	case isTimeout(err):
		code, detail = "timeout", "the mail server did not answer in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		code, detail = "hung_up", "the mail server hung up"
	}
	kind := fault.Transient
	if at == finalDot {
		kind = fault.Ambiguous
	}
	return fault.Wrap(kind, code, detail+" while "+stages[at], err)
}

// classify decides by the enhanced code (RFC 3463, 5248) where there is one, and
// otherwise by the basic one (RFC 5321, 4.2).
func classify(at stage, reply *gosmtp.SMTPError) *fault.Error {
	enhanced := ""
	if reply.EnhancedCode[0] > 0 {
		enhanced = fmt.Sprintf("%d.%d.%d", reply.EnhancedCode[0], reply.EnhancedCode[1], reply.EnhancedCode[2])
	}
	code := enhanced
	if code == "" {
		code = fmt.Sprint(reply.Code)
	}
	detail := "refused by the mail server while " + stages[at]
	switch {
	case at == recipient && tooFast(reply):
		return fault.New(fault.Transient, code, "the recipient's domain takes no more for now").After(domainPause).Narrowly()
	case reply.Code/100 == 4:
		return fault.New(fault.Transient, code, detail)
	case reply.Code/100 != 5 && at == finalDot:
		return fault.New(fault.Ambiguous, code, "an answer of the mail server makes no sense")
	case reply.Code/100 != 5:
		return fault.New(fault.Transient, code, "an answer of the mail server makes no sense")
	case at <= signingIn, accountRefused(at, reply):
		return fault.New(fault.Denied, code, detail)
	case enhanced == "5.2.2", enhanced == "" && reply.Code == 552 && at == recipient:
		return fault.New(fault.Transient, code, "the recipient's mailbox is full").After(mailboxFullPause).AtMost(mailboxFullTries)
	default:
		return fault.New(fault.Invalid, code, detail)
	}
}

// tooFast reports whether a refusal for now is about how much the recipient's domain was
// sent: 4.7.x of policy, or a bare 421. 4.7.1 with another code is how greylisting
// answers, which is about one mail.
func tooFast(reply *gosmtp.SMTPError) bool {
	class, subject, detail := reply.EnhancedCode[0], reply.EnhancedCode[1], reply.EnhancedCode[2]
	switch {
	case reply.Code/100 != 4:
		return false
	case reply.Code == 421 && class <= 0:
		return true
	}
	return class == 4 && subject == 7 && (detail != 1 || reply.Code == 421)
}

// accountRefused reports whether a permanent refusal is about this account and not
// about one mail: not signed in, the sender not allowed, or its domain not proved.
func accountRefused(at stage, reply *gosmtp.SMTPError) bool {
	switch reply.Code {
	case 530, 534, 535, 538:
		return true
	}
	_, subject, detail := reply.EnhancedCode[0], reply.EnhancedCode[1], reply.EnhancedCode[2]
	switch {
	case subject == 7 && (detail == 8 || detail == 9): // credentials
		return true
	case subject == 7 && detail >= 20 && detail <= 26: // DKIM, SPF, DMARC, reverse DNS
		return true
	case at == sender:
		return subject == 7 || subject == 1 && (detail == 7 || detail == 8)
	}
	return false
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[net.Error](err)
	return ok && t.Timeout() || errors.Is(err, context.DeadlineExceeded)
}

func isCertificate(err error) bool {
	_, ok := errors.AsType[*tls.CertificateVerificationError](err)
	return ok
}

// isPlain reports whether a handshake met something else: the port is of another kind, or
// whoever answers has no time for TLS.
func isPlain(err error) bool {
	_, ok := errors.AsType[tls.RecordHeaderError](err)
	return ok
}
