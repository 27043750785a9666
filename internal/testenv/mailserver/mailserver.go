// Package mailserver gives tests a real mail server: Debian's Postfix, with Cyrus SASL
// for passwords, Dovecot for tokens and OpenDKIM for signatures (.ci/install-postfix
// installs them). It
// listens on free ports of 127.0.0.1, one for each way to be spoken to, with a
// certificate of an authority made for the test, and delivers into a Maildir that the
// test reads. Configuration, queue and mails are in one temporary directory; the
// machine's own Postfix is neither used nor touched, and all is gone after the test,
// also when that is killed.
//
// Starting takes about a second; share one between subtests. Postfix has to be started
// by root. Tests that use it have the build tag "real".
package mailserver

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/pgserver/child"
)

const (
	startTimeout = 20 * time.Second // of one try
	stopTimeout  = 30 * time.Second
	// realm is what names are followed by in the file of passwords.
	realm = "mail.test"
)

// Server is a Postfix that runs. It takes mail for every address in .example and in
// example.com, .net and .org, except that it knows nobody whose name begins with
// "nobody". The fields are addresses, "127.0.0.1:port", unless said otherwise.
type Server struct {
	Plain    string    // in the clear, and offers nothing else
	Late     string    // as Plain, but takes mail for unknown people, too, and bounces it later
	Apart    [2]string // as Plain, each for a test that kills its sessions
	StartTLS string    // requires STARTTLS
	Implicit string    // TLS from the first byte
	// These require that the client signs in, by PLAIN or LOGIN inside STARTTLS, or by
	// CRAM-MD5 without.
	AuthPlain, AuthLogin, AuthCRAM string
	AuthXOAuth2                    string // the same by XOAUTH2, inside STARTTLS
	// BouncesLMTP and BouncesSMTP are where mail to lmtp.bounces.acme.example and
	// smtp.bounces.acme.example goes on to. Nobody listens there but whom the test starts.
	BouncesLMTP, BouncesSMTP string
	// CAFile is a file: the certificate of the authority, PEM.
	CAFile string

	dir             string
	milter, dovecot string // addresses for Postfix
	policies        *policies
	tokens          *tokens
	mails           sync.Map // of Mail, by file
}

// Start starts a mail server for the test. Where it is not installed, or this process is
// not root, the test is skipped, or fails if the environment says CI=true.
func Start(tb testing.TB) *Server {
	tb.Helper()
	require(tb)
	s := &Server{policies: servePolicies(tb), tokens: serveTokens(tb)}
	var err error
	for range 3 { // somebody may have taken one of the ports
		if err = s.start(tb); err == nil {
			return s
		}
	}
	tb.Fatalf("Postfix did not start: %v", err)
	return nil
}

func require(tb testing.TB) {
	tb.Helper()
	why := ""
	for _, program := range []string{"/usr/sbin/postfix", "/usr/sbin/saslpasswd2", "/usr/sbin/dovecot", "/usr/sbin/opendkim"} {
		if _, err := os.Stat(program); err != nil {
			why = "there is no " + program + " (.ci/install-postfix installs it on Debian)"
		}
	}
	if os.Geteuid() != 0 {
		why = "Postfix can only be started by root"
	}
	switch {
	case why == "":
	case os.Getenv("CI") == "true":
		tb.Fatal(why)
	default:
		tb.Skip(why)
	}
}

func (s *Server) start(tb testing.TB) error {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	s.makeDir(ctx, tb)
	output, err := os.Create(filepath.Join(s.dir, "output"))
	if err != nil {
		return err
	}
	defer output.Close()
	process, err := child.Start(ctx, child.Spec{
		Command:    []string{"/bin/sh", filepath.Join(s.dir, "launch"), s.dir},
		Env:        child.PlainEnv(),
		Dir:        s.dir,
		StopSignal: "TERM",
		Output:     output,
	})
	if err != nil {
		_ = os.RemoveAll(s.dir)
		return err
	}
	log, err := os.Open(filepath.Join(s.dir, "maillog"))
	if err != nil {
		return err
	}
	tb.Cleanup(func() { stop(tb, process, log) })
	if err := s.awaitReady(ctx, process); err != nil {
		words, _ := os.ReadFile(output.Name())
		return fmt.Errorf("%w; its last words:\n%s%s", err, words, tail(log))
	}
	return nil
}

func stop(tb testing.TB, process *child.Process, log *os.File) {
	tb.Helper()
	defer log.Close()
	if tb.Failed() {
		tb.Logf("the end of Postfix's log:\n%s", tail(log))
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := process.Stop(ctx); err != nil {
		tb.Errorf("stopping Postfix: %v", err)
	}
}

// awaitReady waits until everybody listens, and Postfix greets.
func (s *Server) awaitReady(ctx context.Context, process *child.Process) error {
	for {
		if greets(ctx, s.milter, "") && greets(ctx, s.dovecot, "VERSION\t") && greets(ctx, s.Plain, "220 ") {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-process.Ended():
			return fmt.Errorf("it ended")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// greets reports whether somebody listens and says the word, if there is one, first.
func greets(ctx context.Context, address, with string) bool {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	defer conn.Close()
	if with == "" {
		return true
	}
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	greeting, err := bufio.NewReader(conn).ReadString('\n')
	return err == nil && strings.HasPrefix(greeting, with)
}

// SetPassword gives a user a password, or another one.
func (s *Server) SetPassword(tb testing.TB, user, password string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	file := filepath.Join(s.dir, "passwords")
	cmd := exec.CommandContext(ctx, "/usr/sbin/saslpasswd2", "-p", "-c", "-f", file, "-u", realm, user)
	cmd.Stdin = strings.NewReader(password)
	if output, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("setting a password: %v\n%s", err, output)
	}
	own(tb, file, account(tb, "postfix"))
}

// KillSessions ends, by kill -9, the Postfix processes that talk to clients at one of
// the addresses, in the middle of whatever they do, and returns how many those were.
func (s *Server) KillSessions(tb testing.TB, address string) (killed int) {
	tb.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		tb.Fatal(err)
	}
	for _, line := range lines {
		raw, err := os.ReadFile(line)
		if err != nil || !strings.HasPrefix(string(raw), "smtpd\x00-n\x00"+address+"\x00") {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(line)))
		if err != nil {
			tb.Fatal(err)
		}
		if process, err := os.FindProcess(pid); err == nil && process.Kill() == nil {
			killed++
		}
	}
	return killed
}

// tail returns the end of a log, which stays readable after its directory is gone.
func tail(log *os.File) string {
	const most = 16 << 10
	info, err := log.Stat()
	if err != nil {
		return "(none)"
	}
	text := make([]byte, min(info.Size(), most))
	n, _ := log.ReadAt(text, info.Size()-int64(len(text)))
	return strings.TrimSpace(string(text[:n]))
}
