package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/plan"
	"github.com/afterchat/afterchat/workers"
)

// TestMail is what SendTest mails, and to which address; with PDF also as pages, and with
// Force although the address is suppressed.
type TestMail struct {
	Trial
	To         string
	PDF, Force bool
}

// sendTestTimeout bounds the whole of it; a mail server may think for long.
const sendTestTimeout = time.Minute

// ErrNotSent is what SendTest returns after it has said, in JSON, what went wrong.
var ErrNotSent = errors.New("the test was not sent")

// SendTest mails a transcript that is marked as a test, through the organization's mail
// account, once. It is in no ledger, and its Message-ID is nobody else's. What else is to
// be known goes to notes.
func SendTest(ctx context.Context, path string, m TestMail, asJSON bool, out, notes io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, sendTestTimeout)
	defer cancel()
	began := time.Now()
	ref, err := sendTest(ctx, path, m, notes)
	if asJSON {
		return reportTest(ref, err, time.Since(began), out)
	}
	if err != nil {
		return fmt.Errorf("sending the test: %w%s", err, advice(err))
	}
	_, err = fmt.Fprintf(out, "The mail server took it in %s: %s\n", time.Since(began).Round(time.Millisecond), ref.ID)
	return err
}

func sendTest(ctx context.Context, path string, m TestMail, notes io.Writer) (chat.Ref, error) {
	c, o, s, err := chatOf(path, m.Organization, m.Chat)
	if err != nil {
		return chat.Ref{}, err
	}
	if o.Mail == nil {
		return chat.Ref{}, fault.New(fault.Invalid, "mail_not_configured", "this organization has no mail configured")
	}
	if !plan.GoodAddress(m.To) {
		return chat.Ref{}, fault.New(fault.Invalid, "bad_address", "is no address that mail can be sent to").At("to")
	}
	if err := m.mayGo(ctx, c, notes); err != nil {
		return chat.Ref{}, err
	}
	built, err := newAccounts(c, unlimited{}, func(string, string, string, time.Duration) {})
	if err != nil {
		return chat.Ref{}, err
	}
	keys, err := newKeys(c)
	if err != nil {
		return chat.Ref{}, err
	}
	var key chat.Key
	_, _ = rand.Read(key[:]) // never fails
	m.marked = true
	account, tag := built.Account(o.ID, chat.AccountMail), keys.BounceMark(o.ID, key).Tag // with which a bounce of the test gets as far as any other
	var ref chat.Ref
	var sent error
	err = m.letter(ctx, c, o, s, key, m.PDF, func(l workers.Letter) bool {
		smaller := sent != nil
		ref, sent = account.Send(ctx, connectors.Outgoing{Key: key, To: m.To, Subject: l.Subject, Text: l.Text, HTML: l.HTML, Files: l.Files, BounceTag: tag})
		if smaller && sent == nil {
			fmt.Fprintln(notes, "It went with less than it would have: the mail server takes no mail so large.")
			noteFiles(notes, l.Files)
		}
		return workers.TooLarge(sent)
	})
	return ref, cmp.Or(err, sent)
}

// suppressedTimeout bounds the question whether an address is suppressed. A test of the
// mail account is worth something before there is a database, too.
const suppressedTimeout = 5 * time.Second

// mayGo refuses a suppressed address, to which nothing else is written, unless it is forced.
func (m TestMail) mayGo(ctx context.Context, c *config.Config, notes io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, suppressedTimeout)
	defer cancel()
	reason, err := m.suppressed(ctx, c)
	switch {
	case err != nil:
		fmt.Fprintln(notes, "The database cannot be asked whether the address is suppressed.")
	case reason != "" && !m.Force:
		return fault.New(fault.Conflict, "suppressed", "the address is suppressed ("+reason+"), so no transcript or link goes there; --force sends the test all the same").At("to")
	case reason != "":
		fmt.Fprintf(notes, "The address is suppressed (%s): no transcript or link goes there.\n", reason)
	}
	return nil
}

func (m TestMail) suppressed(ctx context.Context, c *config.Config) (string, error) {
	s, err := OpenStore(ctx, c)
	if err != nil {
		return "", err
	}
	defer s.Close()
	return s.SuppressedBecause(ctx, m.Organization, chat.ChannelEmail, plan.NormalizeAddress(m.To))
}

// reportTest says how it went as {"ok","ref","duration_ms","error"}.
func reportTest(ref chat.Ref, err error, took time.Duration, out io.Writer) error {
	type problem struct {
		Kind   string `json:"kind"`
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}
	report := struct {
		OK         bool     `json:"ok"`
		Ref        string   `json:"ref"`
		DurationMS int64    `json:"duration_ms"`
		Error      *problem `json:"error"`
	}{err == nil, ref.ID, took.Milliseconds(), nil}
	if err != nil {
		report.Error = &problem{fault.KindOf(err).String(), fault.CodeOf(err), err.Error()}
	}
	if writing := writeJSON(out, report); writing != nil {
		return writing
	}
	if err != nil {
		return ErrNotSent
	}
	return nil
}

// advice says what to look at, by the fault's code.
func advice(err error) string {
	switch code := fault.CodeOf(err); {
	case code == "tls_certificate":
		return "; name the authority that signed it in smtp.ca_file, if it is your own"
	case code == "starttls_unsupported", code == "no_tls":
		return "; look at smtp.tls and the port in smtp.address"
	case fault.Is(err, fault.Denied):
		return "; look at smtp.username, smtp.password and mail.from"
	case code == "5.1.1", strings.HasPrefix(code, "5.1."), code == "550":
		return "; the address is not taken there"
	case fault.Is(err, fault.Ambiguous):
		return "; it may have arrived all the same"
	case fault.Is(err, fault.Transient):
		return "; the same again may work later"
	}
	return ""
}
