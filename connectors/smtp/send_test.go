package smtp_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/smtp"
	"github.com/afterchat/afterchat/connectors/smtp/smtptest"
	"github.com/afterchat/afterchat/internal/fault"
)

func TestRefusedRecipients(t *testing.T) {
	t.Parallel()
	server := serve(t, smtptest.Options{Refusals: smtptest.Refusals()})
	client := connect(t, server, nil)
	for to, want := range map[string]struct {
		kind  fault.Kind
		code  string
		pause time.Duration
	}{
		"refused@example.com":    {fault.Invalid, "5.1.1", 0},
		"greylisted@example.com": {fault.Transient, "4.7.1", 0},
		"full@example.com":       {fault.Transient, "4.2.2", 0},
		"quota@example.com":      {fault.Transient, "5.2.2", 4 * time.Hour},
	} {
		_, err := client.Send(t.Context(), mailTo(t, to))
		if !fault.Is(err, want.kind) || fault.CodeOf(err) != want.code || fault.RetryAfterOf(err) != want.pause {
			t.Errorf("%s: %v, pause %v", to, err, fault.RetryAfterOf(err))
		}
		if err != nil && strings.Contains(err.Error(), to) {
			t.Errorf("the error gives away the address: %v", err)
		}
	}
	if _, err := client.Send(t.Context(), mailTo(t, "greylisted@example.com")); err != nil {
		t.Errorf("the second try at a greylisting server: %v", err)
	}
	if server.Len() != 1 || server.Sessions() != 1 {
		t.Errorf("%d mails over %d connections, want 1 over 1", server.Len(), server.Sessions())
	}
}

func TestARefusalAfterTheFinalDotIsNoUnknown(t *testing.T) {
	t.Parallel()
	server := serve(t, smtptest.Options{})
	client := connect(t, server, nil)
	for code, want := range map[int]fault.Kind{421: fault.Transient, 450: fault.Transient, 451: fault.Transient, 552: fault.Invalid, 554: fault.Invalid} {
		server.Break(smtptest.Breakage{Code: code})
		if _, err := client.Send(t.Context(), outgoing(t)); !fault.Is(err, want) {
			t.Errorf("%d: %v, want %v", code, err, want)
		}
		if _, err := client.Send(t.Context(), outgoing(t)); err != nil {
			t.Errorf("the mail after %d: %v", code, err)
		}
	}
}

func TestNoReplyToTheFinalDotIsAmbiguous(t *testing.T) {
	t.Parallel()
	server := serve(t, smtptest.Options{})
	client := connect(t, server, nil)
	ends := map[string]func() (context.Context, context.CancelFunc){
		"the time is over": func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(t.Context(), 3*time.Second)
		},
		"the process stops": func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			return ctx, cancel
		},
	}
	for name, end := range ends {
		server.Break(smtptest.Breakage{Stall: true})
		ctx, cancel := end()
		_, err := client.Send(ctx, outgoing(t))
		cancel()
		if !fault.Is(err, fault.Ambiguous) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := client.Send(t.Context(), outgoing(t)); err != nil {
		t.Errorf("the mail after those: %v", err)
	}
}

func TestAMailLargerThanTheServerTakesIsNotSent(t *testing.T) {
	t.Parallel()
	server := serve(t, smtptest.Options{MaxBytes: 10_000})
	client := connect(t, server, nil)
	m := outgoing(t)
	m.Text = strings.Repeat("smoke\n", 5_000)
	if _, err := client.Send(t.Context(), m); !fault.Is(err, fault.Invalid) || fault.CodeOf(err) != "5.3.4" {
		t.Errorf("%v", err)
	}
}

func TestAMailAsLargeAsTheServerTakesIsSent(t *testing.T) {
	t.Parallel()
	size := 1 << 20
	for _, less := range []int{0, 0, 1} { // the first says how large it is
		server := script(t, map[string]string{"EHLO": fmt.Sprintf("250-scripted\r\n250 SIZE %d", size-less)})
		_, err := server.client(t, nil).Send(t.Context(), outgoing(t))
		if (fault.CodeOf(err) == "5.3.4") != (less > 0) {
			t.Errorf("a mail of %d bytes where %d may be: %v", size, size-less, err)
		}
		for _, line := range server.heard() {
			if _, said, ok := strings.Cut(line, " SIZE="); ok {
				size, _ = strconv.Atoi(said)
			}
		}
	}
}

func TestAnAddressOutsideASCIINeedsAServerThatCan(t *testing.T) {
	t.Parallel()
	plain, able := serve(t, smtptest.Options{}), serve(t, smtptest.Options{SMTPUTF8: true})
	if _, err := connect(t, plain, nil).Send(t.Context(), mailTo(t, "jörg@example.com")); !fault.Is(err, fault.Invalid) || fault.CodeOf(err) != "5.6.7" {
		t.Errorf("%v", err)
	}
	if _, err := connect(t, able, nil).Send(t.Context(), mailTo(t, "jörg@example.com")); err != nil {
		t.Error(err)
	}
	if all := able.Messages(); len(all) != 1 || all[0].To != "jörg@example.com" {
		t.Errorf("arrived: %v", all)
	}
}

func TestEveryWayToSignIn(t *testing.T) {
	t.Parallel()
	for _, mechanism := range []string{"PLAIN", "LOGIN", "CRAM-MD5"} {
		for _, offered := range []bool{false, true} {
			server := serve(t, smtptest.Options{Username: "shop", Password: "right", Mechanisms: []string{mechanism}, StartTLS: offered})
			client := func(password connectors.Secret) *smtp.Client {
				return connect(t, server, func(s *smtp.Settings) {
					s.Username, s.Password = "shop", password
					if offered {
						s.TLS, s.CAFile = smtp.TLSStart, authority(t, server)
					}
				})
			}
			if _, err := client("right").Send(t.Context(), outgoing(t)); err != nil {
				t.Errorf("%s (TLS %v): %v", mechanism, offered, err)
			}
			err := client("wrong-5c2e").Probe(t.Context())
			if !fault.Is(err, fault.Denied) || fault.CodeOf(err) != "5.7.8" || strings.Contains(err.Error(), "wrong-5c2e") {
				t.Errorf("%s (TLS %v) with a wrong password: %v", mechanism, offered, err)
			}
		}
	}
}

func TestInTheClearThePasswordIsKeptBackWhereThatCanBe(t *testing.T) {
	t.Parallel()
	server := script(t, map[string]string{"EHLO": "250-scripted\r\n250 AUTH PLAIN LOGIN CRAM-MD5", "AUTH": "535 5.7.8 no"})
	if err := server.client(t, func(s *smtp.Settings) { s.Username, s.Password = "shop", "right" }).Probe(t.Context()); !fault.Is(err, fault.Denied) {
		t.Error(err)
	}
	if all := strings.Join(server.heard(), "\n"); !strings.Contains(all, "AUTH CRAM-MD5") || strings.Contains(all, "PLAIN") || strings.Contains(all, "LOGIN") {
		t.Errorf("it heard\n%s", all)
	}
}

func TestAnAccountThatMustSignInIsPausedWithoutACredential(t *testing.T) {
	t.Parallel()
	server := serve(t, smtptest.Options{Username: "shop", Password: "right"})
	if _, err := connect(t, server, nil).Send(t.Context(), outgoing(t)); !fault.Is(err, fault.Denied) {
		t.Errorf("without a credential: %v", err)
	}
	none := serve(t, smtptest.Options{})
	err := connect(t, none, func(s *smtp.Settings) { s.Username, s.Password = "shop", "right" }).Probe(t.Context())
	if !fault.Is(err, fault.Denied) || fault.CodeOf(err) != "auth_unsupported" {
		t.Errorf("a server that offers no AUTH: %v", err)
	}
}

func TestTLSThatWasAskedForIsNeverDoneWithout(t *testing.T) {
	t.Parallel()
	plain := serve(t, smtptest.Options{})
	start := serve(t, smtptest.Options{StartTLS: true})
	implicit := serve(t, smtptest.Options{ImplicitTLS: true})
	tests := map[string]struct {
		server *smtptest.Server
		tls    string
		ca     string
		code   string
	}{
		"starttls":                                     {start, smtp.TLSStart, authority(t, start), ""},
		"starttls is what nothing means":               {start, "", authority(t, start), ""},
		"implicit":                                     {implicit, smtp.TLSImplicit, authority(t, implicit), ""},
		"starttls at a server without":                 {plain, smtp.TLSStart, "", "starttls_unsupported"},
		"starttls with a certificate nobody trusts":    {start, smtp.TLSStart, "", "tls_certificate"},
		"implicit with a certificate nobody trusts":    {implicit, smtp.TLSImplicit, "", "tls_certificate"},
		"starttls signed by another authority":         {start, smtp.TLSStart, authority(t, implicit), "tls_certificate"},
		"implicit at a server that speaks in the open": {plain, smtp.TLSImplicit, "", "no_tls"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			before := test.server.Len()
			_, err := connect(t, test.server, func(s *smtp.Settings) { s.TLS, s.CAFile = test.tls, test.ca }).Send(t.Context(), outgoing(t))
			if fault.CodeOf(err) != test.code || (test.code == "") != (err == nil) {
				t.Errorf("%v, want code %q", err, test.code)
			}
			if test.code != "" && test.server.Len() != before {
				t.Error("the mail was sent all the same")
			}
		})
	}
}

func TestConnectionsAreSharedAndFew(t *testing.T) {
	t.Parallel()
	server := serve(t, smtptest.Options{})
	client := connect(t, server, nil)
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			for range 10 {
				if _, err := client.Send(t.Context(), outgoing(t)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if server.Len() != 400 || server.Sessions() > 10 {
		t.Errorf("%d mails over %d connections, want 400 over at most 10", server.Len(), server.Sessions())
	}
}

func TestAServerThatHungUpInBetweenCostsNothing(t *testing.T) {
	t.Parallel()
	server := serve(t, smtptest.Options{})
	client := connect(t, server, nil)
	for range 3 {
		if _, err := client.Send(t.Context(), outgoing(t)); err != nil {
			t.Fatal(err)
		}
		server.HangUp()
	}
	if server.Len() != 3 {
		t.Errorf("%d mails arrived, want 3", server.Len())
	}
}

func TestWhoeverCouldNotConnectLeavesRoomForTheNext(t *testing.T) {
	t.Parallel()
	server := script(t, map[string]string{"greeting": "554 5.3.2 not now"})
	client := server.client(t, func(s *smtp.Settings) { s.Connections = 1 })
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for range 3 {
		if _, err := client.Send(ctx, outgoing(t)); fault.CodeOf(err) != "5.3.2" {
			t.Fatal(err)
		}
	}
}

func TestNobodyThereIsTransient(t *testing.T) {
	t.Parallel()
	server, err := smtptest.New(smtptest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_ = server.Close()
	if _, err := connect(t, server, nil).Send(t.Context(), outgoing(t)); !fault.Is(err, fault.Transient) || fault.CodeOf(err) != "unreachable" {
		t.Errorf("%v", err)
	}
}

func TestSettingsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*smtp.Settings){
		"from":     func(s *smtp.Settings) { s.From = "Acme Support" },
		"reply_to": func(s *smtp.Settings) { s.ReplyTo = "nobody" },
		"address":  func(s *smtp.Settings) { s.Address = "mail.acme.example" },
		"address:": func(s *smtp.Settings) { s.Address = ":587" },
		"tls":      func(s *smtp.Settings) { s.TLS = "maybe" },
		"ca_file":  func(s *smtp.Settings) { s.CAFile = empty },
	} {
		s := &smtp.Settings{From: "support@acme.example", Address: "mail.acme.example:587"}
		change(s)
		if _, err := smtp.New(s); !fault.Is(err, fault.Invalid) || !strings.HasPrefix(err.Error(), strings.TrimSuffix(field, ":")+": ") {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestAnAccountSaysHowMuchItTakes(t *testing.T) {
	t.Parallel()
	rate := connectors.Rate{PerSecond: 2, Burst: 7}
	client := to(t, "127.0.0.1:25", func(s *smtp.Settings) { s.Connections, s.DomainRate = 3, &rate })
	if got := client.Traits(); got.AtOnce != 3 || got.DomainRate != rate {
		t.Errorf("%+v", got)
	}
	if got := to(t, "127.0.0.1:25", nil).Traits(); got.AtOnce != 10 || got.DomainRate != (connectors.Rate{}) {
		t.Errorf("by default %+v", got)
	}
}

func TestNoTLSOlderThanOneTwoIsSpoken(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	server.StartTLS()
	t.Cleanup(server.Close)
	// Of one that it speaks with it would say first that nobody knows its certificate.
	err := to(t, server.Listener.Addr().String(), func(s *smtp.Settings) { s.TLS = smtp.TLSImplicit }).Probe(t.Context())
	if err == nil || fault.CodeOf(err) == "tls_certificate" {
		t.Error(err)
	}
}

func BenchmarkSend(b *testing.B) {
	server := serve(b, smtptest.Options{HeadersOnly: true})
	client := connect(b, server, nil)
	m := outgoing(b)
	m.Text, m.HTML = strings.Repeat("It smells of smoke\n", 200), strings.Repeat("<p>It smells of smoke</p>\n", 400)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := client.Send(b.Context(), m); err != nil {
				b.Error(err)
			}
		}
	})
}

func mailTo(t *testing.T, to string) connectors.Outgoing {
	t.Helper()
	m := outgoing(t)
	m.To = to
	return m
}

// authority writes the certificate of the server's authority to a file.
func authority(t *testing.T, server *smtptest.Server) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, server.CA(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
