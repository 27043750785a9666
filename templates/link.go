package templates

import (
	"errors"
	"path"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/afterchat/afterchat/internal/fault"
)

// smsLimit is how many characters Twilio takes for one message, counted as UTF-16
// (https://www.twilio.com/docs/messaging/api/message-resource, Body).
const smsLimit = 1600

// LinkView is a conversation link as its receiver gets it. Purpose is "resume" or
// "invite"; URL is a web address; ExpiresAt may be zero.
type LinkView struct {
	Brand                Brand
	Purpose, URL, Locale string
	ExpiresAt            time.Time
	Location             *time.Location
}

// linkText is what the templates of links get.
type linkText struct {
	Brand                     look
	T                         *words
	Subject, Lead, URL, Until string
}

// Preheader is what a list of mails shows after the subject.
func (p linkText) Preheader() string { return p.Lead }

// UntilLine says how long the link works.
func (p linkText) UntilLine() string { return fill(p.T.LinkUntil, "{until}", p.Until) }

// UntilShort says the same where every character counts.
func (p linkText) UntilShort() string { return fill(p.T.LinkUntilShort, "{until}", p.Until) }

// lacks refuses a message without the link, and an SMS that nobody would send. In HTML
// the link's last part counts, which no escaping changes. By it an SMS is looked for, too.
func (p linkText) lacks(name, rendered string) error {
	link := p.URL
	if path.Ext(name) == ".html" {
		link = path.Base(link)
	}
	switch {
	case !strings.Contains(rendered, link):
		return errors.New("does not hold the link")
	case name == linkSMS && tooLong(strings.TrimSpace(rendered)):
		return errors.New("is longer than an SMS may be")
	}
	return nil
}

const linkSMS = "sms/link.txt"

func tooLong(sms string) bool { return len(utf16.Encode([]rune(sms))) > smsLimit }

// LinkSMS returns a short text that says who it is from and holds the URL whole, at most
// 1,600 characters. A link that is no web address, or too long, is an Invalid fault.
func (r *Renderer) LinkSMS(v LinkView) (string, error) {
	p, err := r.link(v)
	if err != nil {
		return "", err
	}
	if !v.ExpiresAt.IsZero() {
		p.Until = p.T.stamp(v.ExpiresAt, v.Location)
	}
	text, err := r.executeText(linkSMS, p)
	if err != nil {
		return "", err
	}
	text = strings.TrimSpace(text)
	if tooLong(text) {
		return "", fault.New(fault.Invalid, "sms_too_long", "the link's text is longer than an SMS may be").At("url")
	}
	return text, nil
}

// LinkMail returns the same as a mail. A link that is no web address is an Invalid fault.
func (r *Renderer) LinkMail(v LinkView) (Mail, error) {
	p, err := r.link(v)
	if err != nil {
		return Mail{}, err
	}
	if p.Brand, err = r.look(p.T, v.Brand); err != nil {
		return Mail{}, err
	}
	return r.mail(p.Subject, "email/link", p, p)
}

func (r *Renderer) link(v LinkView) (linkText, error) {
	p := linkText{Brand: v.Brand.look(), T: r.words(v.Locale), URL: webURL(v.URL)}
	if p.URL == "" {
		return p, fault.New(fault.Invalid, "invalid_url", "a link's address has to be http or https").At("url")
	}
	p.Subject, p.Lead = p.T.linkSubject(v.Purpose == "resume", v.Brand.Name())
	if !v.ExpiresAt.IsZero() {
		p.Until = p.T.moment(v.ExpiresAt, v.Location)
	}
	return p, nil
}

// linkSubject says what a link is for and who it is from, and how to lead up to it.
func (w *words) linkSubject(resume bool, organization string) (subject, lead string) {
	subject, lead = w.InviteSubject, w.InviteLead
	from := w.InviteSubjectFrom
	if resume {
		subject, lead, from = w.ResumeSubject, w.ResumeLead, w.ResumeSubjectFrom
	}
	if organization != "" {
		subject = fill(from, "{organization}", w.isolate(short(organization, subjectNameLimit)))
	}
	return subject, lead
}
