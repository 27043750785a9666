package bounce

import (
	"context"
	"errors"
	"io"

	gosmtp "github.com/emersion/go-smtp"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
)

// session is one client's visit. Its methods are go-smtp's; each mail begins with Mail.
type session struct {
	ctx        context.Context // ends with the door; go-smtp passes none
	door       *Door
	line       *line
	nullSender bool
	recipients []recipient
}

type recipient struct {
	address      string
	organization *config.Organization
}

var _ gosmtp.LMTPSession = (*session)(nil)

// Mail begins a mail.
func (s *session) Mail(from string, _ *gosmtp.MailOptions) error {
	if !s.door.Ready() {
		return later()
	}
	s.nullSender = from == ""
	return nil
}

// Rcpt takes the addresses that this process gave to the organizations' mails, and those
// that they were made from.
func (s *session) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	for _, o := range s.door.Organizations {
		mark, ok := connectors.CutReturnPath(o.Mail.Bounces.ReturnPath, to)
		if !ok {
			continue
		}
		if m, read := connectors.ParseBounceMark(mark); mark != "" && (!read || !s.door.Taker.Keys.SignedBounce(o.ID, m)) {
			break
		}
		s.recipients = append(s.recipients, recipient{to, o})
		return nil
	}
	return reply(550, gosmtp.EnhancedCode{5, 1, 1}, "There is no such address here")
}

// Data takes a mail by SMTP, for all its recipients or for none.
func (s *session) Data(r io.Reader) error {
	return s.line.during(func() error {
		report, err := s.read(r)
		for _, to := range s.recipients {
			if err == nil {
				err = s.take(to, report)
			}
		}
		return err
	})
}

// LMTPData takes a mail by LMTP, for each recipient by itself.
func (s *session) LMTPData(r io.Reader, status gosmtp.StatusCollector) error {
	return s.line.during(func() error {
		report, err := s.read(r)
		for _, to := range s.recipients {
			each := err
			if err == nil {
				each = s.take(to, report)
			}
			status.SetStatus(to.address, each)
		}
		return nil
	})
}

// Reset forgets the mail.
func (s *session) Reset() { s.nullSender, s.recipients = false, nil }

// Logout has nothing to let go.
func (*session) Logout() error { return nil }

// read reads the mail. What is no mail says nothing, and is not worth one more.
func (s *session) read(r io.Reader) (Report, error) {
	report, err := Parse(r, s.nullSender)
	switch {
	case err == nil, fault.Is(err, fault.Invalid):
		return report, nil
	case isReply(err): // too large
		return Report{}, err
	case errors.Is(err, gosmtp.ErrTooLongLine):
		return Report{}, reply(554, gosmtp.EnhancedCode{5, 6, 0}, "A line of the mail is too long")
	default:
		return Report{}, later()
	}
}

func (s *session) take(to recipient, report Report) error {
	ctx, cancel := context.WithTimeout(s.ctx, takeTimeout)
	defer cancel()
	err := s.door.Taker.Take(ctx, Arrival{Door: s.door.Protocol, Organization: to.organization, Recipient: to.address}, report)
	if err != nil {
		s.door.Log.WarnContext(ctx, "a bounce has to come again", "organization", to.organization.ID, "code", fault.CodeOf(err))
		return later()
	}
	return nil
}

func later() error {
	return reply(451, gosmtp.EnhancedCode{4, 3, 0}, "It cannot be taken now, come again")
}
