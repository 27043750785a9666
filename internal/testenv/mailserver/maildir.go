package mailserver

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jhillyerd/enmime/v2"
)

// Mail is a mail as it lies in the Maildir.
type Mail struct {
	// To and From are of the envelope, as Postfix noted them.
	To, From string
	// Raw is the whole file; lines end in LF.
	Raw []byte
	*enmime.Envelope
}

// Mails returns the mails to one recipient, or all of them if it is "", in no order. It
// first waits until nothing is on its way any more.
func (s *Server) Mails(tb testing.TB, to string) []Mail {
	tb.Helper()
	s.drain(tb)
	files, err := filepath.Glob(filepath.Join(s.dir, "maildir", "new", "*"))
	if err != nil {
		tb.Fatal(err)
	}
	var all []Mail
	for _, file := range files {
		mail, err := s.read(file)
		if err != nil {
			tb.Fatalf("reading a mail: %v", err)
		}
		if to == "" || strings.EqualFold(mail.To, to) {
			all = append(all, mail)
		}
	}
	return all
}

// read parses a mail, once: what lies in a Maildir does not change.
func (s *Server) read(file string) (Mail, error) {
	if known, ok := s.mails.Load(file); ok {
		return known.(Mail), nil
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return Mail{}, err
	}
	envelope, err := enmime.ReadEnvelope(bytes.NewReader(raw))
	if err != nil {
		return Mail{}, err
	}
	mail := Mail{envelope.GetHeader("Delivered-To"), strings.Trim(envelope.GetHeader("Return-Path"), "<>"), raw, envelope}
	s.mails.Store(file, mail)
	return mail, nil
}

// drain waits until every mail that was taken has been delivered or bounced, or waits
// for a later try.
func (s *Server) drain(tb testing.TB) {
	tb.Helper()
	for began := time.Now(); s.busy(tb); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			tb.Fatal("Postfix does not get its mails delivered")
		}
	}
}

// busy looks into the queues in the order that a mail goes through them. A file that is
// not executable is not taken yet.
func (s *Server) busy(tb testing.TB) bool {
	tb.Helper()
	for _, queue := range []string{"incoming", "active"} {
		entries, err := os.ReadDir(filepath.Join(s.dir, "queue", queue))
		if err != nil {
			tb.Fatal(err)
		}
		for _, entry := range entries {
			if info, err := entry.Info(); err == nil && info.Mode()&0o100 != 0 {
				return true
			}
		}
	}
	return false
}

// Size is how many bytes a recipient's mails take by now. It may be called by a Policy.
func (s *Server) Size(to string) (size int) {
	files, _ := filepath.Glob(filepath.Join(s.dir, "maildir", "new", "*"))
	for _, file := range files {
		if mail, err := s.read(file); err == nil && strings.EqualFold(mail.To, to) {
			size += len(mail.Raw)
		}
	}
	return size
}

// AwaitDeferred waits until a mail to an address that contains a text waits for a later
// try.
func (s *Server) AwaitDeferred(tb testing.TB, to string) {
	tb.Helper()
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		log, err := os.ReadFile(filepath.Join(s.dir, "maillog"))
		if err != nil {
			tb.Fatal(err)
		}
		for line := range bytes.Lines(log) {
			if bytes.Contains(line, []byte(to+">")) && bytes.Contains(line, []byte("status=deferred")) {
				return
			}
		}
		if time.Since(began) > 20*time.Second {
			tb.Fatalf("no mail to %s was deferred", to)
		}
	}
}
