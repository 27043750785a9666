package smtp_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afterchat/afterchat/connectors/smtp"
	"github.com/afterchat/afterchat/connectors/smtp/smtptest"
	"github.com/afterchat/afterchat/internal/fault"
)

func TestAServerIsReachedOverIPv6(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]smtptest.Options{
		"in the clear": {},
		"starttls":     {StartTLS: true},
		"implicit TLS": {ImplicitTLS: true},
	} {
		o.Address = "[::1]:0"
		server := serve(t, o)
		_, err := connect(t, server, func(s *smtp.Settings) {
			switch {
			case o.StartTLS:
				s.TLS, s.CAFile = smtp.TLSStart, authority(t, server)
			case o.ImplicitTLS:
				s.TLS, s.CAFile = smtp.TLSImplicit, authority(t, server)
			}
		}).Send(t.Context(), outgoing(t))
		if err != nil || server.Len() != 1 {
			t.Errorf("%s: %d mails, %v", name, server.Len(), err)
		}
	}
}

func TestANameWithTwoAddressesIsTriedAtBoth(t *testing.T) {
	t.Parallel()
	addresses, err := net.DefaultResolver.LookupHost(t.Context(), "localhost")
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range addresses {
		server := serve(t, smtptest.Options{Address: net.JoinHostPort(address, "0")})
		_, port, _ := net.SplitHostPort(server.Addr())
		client := connect(t, server, func(s *smtp.Settings) { s.Address = "localhost:" + port })
		if _, err := client.Send(t.Context(), outgoing(t)); err != nil {
			t.Errorf("a server at %s alone: %v", address, err)
		}
	}
}

func TestTLSThatIsTakenAwayOnTheWayStopsTheMail(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answers map[string]string
		code    string
	}{
		"STARTTLS is not offered":               {map[string]string{"EHLO": "250-scripted\r\n250 SIZE"}, "starttls_unsupported"},
		"STARTTLS is struck out":                {map[string]string{"EHLO": "250-scripted\r\n250-XXXXXXXX\r\n250 SIZE"}, "starttls_unsupported"},
		"only HELO is known":                    {map[string]string{"EHLO": "502 what?"}, "starttls_unsupported"},
		"STARTTLS is refused for now":           {map[string]string{"STARTTLS": "454 4.7.0 TLS not available"}, "4.7.0"},
		"STARTTLS is refused for good":          {map[string]string{"STARTTLS": "502 5.5.1 not here"}, "5.5.1"},
		"STARTTLS is taken, and no TLS follows": {map[string]string{"STARTTLS": "220 go\r\n250 go on in the clear"}, "no_tls"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := script(t, test.answers)
			_, err := server.client(t, func(s *smtp.Settings) { s.TLS = smtp.TLSStart }).Send(t.Context(), outgoing(t))
			if err == nil || fault.CodeOf(err) != test.code {
				t.Errorf("%v, want code %s", err, test.code)
			}
			for _, line := range server.heard() {
				if strings.HasPrefix(line, "MAIL") || strings.HasPrefix(line, "AUTH") {
					t.Errorf("said in the clear: %s", line)
				}
			}
		})
	}
}

func TestNoCommandWaitsForEver(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]fault.Kind{
		"greeting": fault.Transient, "EHLO": fault.Transient, "MAIL": fault.Transient, "RCPT": fault.Transient, "DATA": fault.Transient, ".": fault.Ambiguous,
	} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			began := time.Now()
			_, err := script(t, map[string]string{command: ""}).client(t, nil).Send(ctx, outgoing(t))
			if !fault.Is(err, want) || time.Since(began) > time.Minute {
				t.Errorf("after %s: %v, want %v", time.Since(began), err, want)
			}
		})
	}
}

func TestSizeIsSaidToEveryServerThatListens(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		offer string
		said  bool
		code  string
	}{
		"without a limit of its own": {"250 SIZE", true, ""},
		"with no fixed limit":        {"250 SIZE 0", true, ""},
		"with a large limit":         {"250 SIZE 1000000", true, ""},
		"with a limit that is none":  {"250 SIZE lots", true, ""},
		"with a small limit":         {"250 SIZE 100", false, "5.3.4"},
		"not at all":                 {"250 HELP", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := script(t, map[string]string{"EHLO": "250-scripted\r\n" + test.offer})
			if _, err := server.client(t, nil).Send(t.Context(), outgoing(t)); fault.CodeOf(err) != test.code {
				t.Errorf("%v, want code %q", err, test.code)
			}
			said := false
			for _, line := range server.heard() {
				said = said || strings.HasPrefix(line, "MAIL") && strings.Contains(line, " SIZE=")
				if test.code != "" && strings.HasPrefix(line, "MAIL") {
					t.Errorf("said all the same: %s", line)
				}
			}
			if said != test.said {
				t.Errorf("the size was said: %v, want %v", said, test.said)
			}
		})
	}
}

func TestARefusedMailLeavesTheNextOneAlone(t *testing.T) {
	t.Parallel()
	for name, answers := range map[string]map[string]string{
		"at its recipient":                     {"RCPT TO:<refused@example.com>": "550 5.1.1 no"},
		"where EHLO is only taken once":        {"RCPT TO:<refused@example.com>": "550 5.1.1 no", "EHLO again": "503 duplicate"},
		"at its end, where EHLO is taken once": {"refused": "550 5.1.1 no", "EHLO again": "503 duplicate"},
		"at its end, where RSET is not known":  {"refused": "550 5.1.1 no", "RSET": "502 what"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := script(t, answers)
			client := server.client(t, nil)
			m := outgoing(t)
			m.To = "refused@example.com"
			if _, err := client.Send(t.Context(), m); fault.CodeOf(err) != "5.1.1" {
				t.Errorf("the first: %v", err)
			}
			if _, err := client.Send(t.Context(), outgoing(t)); err != nil {
				t.Errorf("the next: %v", err)
			}
		})
	}
}

func TestAReplyThatMakesNoSenseEndsItsConnection(t *testing.T) {
	t.Parallel()
	server := script(t, map[string]string{"refused": "354 go on\r\n550 5.1.1 no"})
	client := server.client(t, nil)
	m := outgoing(t)
	m.To = "refused@example.com"
	if _, err := client.Send(t.Context(), m); !fault.Is(err, fault.Ambiguous) {
		t.Errorf("the first: %v", err)
	}
	if _, err := client.Send(t.Context(), outgoing(t)); err != nil {
		t.Errorf("what was said of the first is said of the next: %v", err)
	}
}

func TestAServerThatAlwaysHangsUpIsAskedOnce(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"MAIL", "RCPT", "DATA"} {
		server := script(t, map[string]string{command: "hang up"})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		_, err := server.client(t, nil).Send(ctx, outgoing(t))
		cancel()
		if tries := strings.Count(strings.Join(server.heard(), "\n"), "EHLO"); !fault.Is(err, fault.Transient) || fault.CodeOf(err) != "hung_up" || tries != 1 {
			t.Errorf("at %s: %d connections, %v", command, tries, err)
		}
	}
}

func TestWhatWasTakenNeedsNoResetAndTheEndIsSaid(t *testing.T) {
	t.Parallel()
	server := script(t, nil)
	client := server.client(t, nil)
	for range 3 {
		if _, err := client.Send(t.Context(), outgoing(t)); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	all := strings.Join(server.heard(), "\n")
	if strings.Contains(all, "RSET") || strings.Count(all, "EHLO") != 1 || !strings.HasSuffix(all, "QUIT") {
		t.Errorf("it heard\n%s", all)
	}
}

func TestAMailThatThereIsNoTimeForIsNoPartOfTheNext(t *testing.T) {
	t.Parallel()
	server := serve(t, smtptest.Options{})
	client := connect(t, server, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond) // too little to begin with the mail itself
	defer cancel()
	if _, err := client.Send(ctx, outgoing(t)); !fault.Is(err, fault.Transient) {
		t.Errorf("without time: %v", err)
	}
	m := outgoing(t)
	m.Subject = "The next one"
	if _, err := client.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if all := server.Messages(); len(all) != 1 || all[0].Subject != m.Subject {
		t.Errorf("%d mails arrived", len(all))
	}
}

// scripted is a server that answers each command as it is told, and with 250 otherwise.
// An empty answer is none at all, and "hang up" ends the connection. A whole line may have an answer of its own; "EHLO again"
// is that to the second on a connection, "refused" that to the end of a refused mail. As
// other servers do, it takes no mail while another is under way (RFC 5321, 4.1.4).
type scripted struct {
	listener net.Listener
	answers  map[string]string
	mu       sync.Mutex
	lines    []string
}

func script(t *testing.T, answers map[string]string) *scripted {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &scripted{listener: listener, answers: map[string]string{
		"greeting": "220 scripted", "EHLO": "250-scripted\r\n250 STARTTLS", "STARTTLS": "220 go", "DATA": "354 go", "QUIT": "221 bye", "nested": "503 5.5.1 nested MAIL",
	}}
	for command, answer := range answers {
		s.answers[command] = answer
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { s.talk(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		all.Wait()
	})
	return s
}

func (s *scripted) talk(conn net.Conn) {
	defer conn.Close()
	say := func(command string) {
		answer, ok := s.answers[command]
		if !ok {
			answer = "250 2.0.0 fine"
		}
		switch answer {
		case "":
		case "hang up":
			_ = conn.Close()
		default:
			_, _ = fmt.Fprint(conn, answer+"\r\n")
		}
	}
	say("greeting")
	content, greeted, refused, underWay := false, false, false, false
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		line := lines.Text()
		s.mu.Lock()
		s.lines = append(s.lines, line)
		s.mu.Unlock()
		command, _, _ := strings.Cut(line, " ")
		switch {
		case content && line != ".":
			continue
		case command == "DATA":
			content = s.answers["DATA"] != ""
		case content:
			content, underWay = false, false
			if refused && s.answers["refused"] != "" {
				command = "refused"
			}
		case command == "EHLO":
			if greeted && s.answers["EHLO again"] != "" {
				command = "EHLO again"
			}
			greeted, underWay = true, false
		case command == "RSET":
			underWay = false
		case command == "MAIL" && underWay:
			command = "nested"
		case command == "MAIL":
			underWay = true
		case command == "RCPT":
			refused = strings.Contains(line, "<refused@")
			if s.answers[line] != "" {
				command = line
			}
		}
		say(command)
	}
}

func (s *scripted) client(t *testing.T, change func(*smtp.Settings)) *smtp.Client {
	t.Helper()
	return to(t, s.listener.Addr().String(), change)
}

func (s *scripted) heard() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.lines...)
}
