//go:build real

package crashtest

import (
	"net/smtp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/standin"
	"github.com/afterchat/afterchat/internal/testenv/mailserver"
)

func wholeChat(t *testing.T, server *mailserver.Server) {
	server.SetPassword(t, "whole", "right-7d2e")
	r := mailTo(t, "address: %q, tls: starttls, ca_file: %q, username: whole@mail.test, password: right-7d2e", server.AuthPlain, server.CAFile)
	r.start()
	s := standin.Chat(101)
	r.end(s)
	r.ended(30 * time.Second)
	for _, d := range r.ledger("") {
		if d.State != chat.Delivered {
			t.Errorf("not delivered: %s", d)
		}
	}
	m := mustHaveOne(t, server, s)
	for _, e := range m.Errors {
		t.Errorf("the mail is not well made: %v", e)
	}
	for kind, text := range map[string]string{"text": m.Text, "HTML": m.HTML} {
		at := 0
		for _, message := range s.Messages {
			i := strings.Index(text[at:], strings.TrimSuffix(message.Text, "?"))
			if i < 0 {
				t.Errorf("the %s lacks, at its place, %q: %s", kind, message.Text, text)
				continue
			}
			at += i + 1
		}
	}
	for _, secret := range []string{"Boiler", "Ekholm", "bo@acme.example"} {
		if strings.Contains(m.Text+m.HTML, secret) {
			t.Errorf("the customer reads %q", secret)
		}
	}
	if got := m.GetHeader("Auto-Submitted"); got != "auto-generated" {
		t.Errorf("Auto-Submitted is %q", got)
	}
	if received := m.GetHeader("Received"); !strings.Contains(received, "ESMTPSA") { // RFC 3848
		t.Errorf("it was not sent signed in and inside TLS: %s", received)
	}
	r.mustNameNobody()
}

func refusedPassword(t *testing.T, server *mailserver.Server) {
	const settings = "address: %q, tls: none, username: paused@mail.test, password: %s"
	server.SetPassword(t, "paused", "right-93ab")
	r := mailTo(t, settings, server.AuthCRAM, "wrong-61cc")
	p := r.start()
	first, second := mailOnly(111), mailOnly(112)
	paused := func(d delivery) bool {
		return d.State == chat.Pending && d.HeldBy != nil && *d.HeldBy == string(chat.HeldByAccountPaused)
	}
	r.end(first)
	r.becomes(first, "held by the paused account", paused)
	r.end(second)
	r.becomes(second, "held by the paused account", paused)
	mustHaveNone(t, server, first)
	if tries := len(r.transcript(first).Attempts) + len(r.transcript(second).Attempts); tries > 2 {
		t.Errorf("a paused account was tried %d times", tries)
	}
	p.kill()
	r.setMail(settings, server.AuthCRAM, "right-93ab")
	r.later(time.Minute)
	r.start()
	for _, s := range []chat.Snapshot{first, second} {
		r.becomesState(s, chat.Delivered)
		mustHaveOne(t, server, s)
	}
	r.mustNameNobody()
	for _, password := range []string{"wrong-61cc", "right-93ab"} {
		if strings.Contains(r.log()+r.inRedis(), password) {
			t.Errorf("the log or Redis holds the password %q", password)
		}
	}
}

// greylist defers a triplet (client, sender, recipient) until it has waited for long
// enough, as greylisting servers do.
type greylist struct {
	wait  time.Duration
	mu    sync.Mutex
	first map[[3]string]time.Time
	tries int
}

func (g *greylist) policy(r mailserver.Request) string {
	if r["protocol_state"] != "RCPT" {
		return ""
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tries++
	triplet := [3]string{r["client_address"], r["sender"], r["recipient"]}
	first, seen := g.first[triplet]
	if !seen {
		g.first[triplet] = time.Now()
	}
	if !seen || time.Since(first) < g.wait {
		return "450 4.7.1 Greylisted, please try again"
	}
	return ""
}

func greylisted(t *testing.T, server *mailserver.Server) {
	s := mailOnly(121)
	list := &greylist{wait: time.Second, first: map[[3]string]time.Time{}}
	server.SetPolicy(s.User.Email, list.policy)
	r := mailTo(t, "address: %q, tls: none", server.Plain)
	p := r.start()
	r.end(s)
	d := r.becomes(s, "tried", func(d delivery) bool { return len(d.Attempts) > 0 && d.State == chat.Pending })
	if d.Error == nil || !strings.Contains(*d.Error, "4.7.1") {
		t.Errorf("after the first try: %s", d)
	}
	p.kill()
	mustHaveNone(t, server, s)
	r.start()
	d = r.becomesState(s, chat.Delivered)
	mustHaveOne(t, server, s)
	if list.tries < 2 || len(d.Attempts) != list.tries {
		t.Errorf("the server was asked %d times: %s", list.tries, d)
	}
	r.mustNameNobody()
}

// fullMailbox has a mailbox that takes as much as its quota, which other people's mail
// has used up.
func fullMailbox(t *testing.T, server *mailserver.Server) {
	for _, answer := range []struct{ code, enhanced string }{{"452", "4.2.2"}, {"552", "5.2.2"}} {
		t.Run(answer.enhanced, func(t *testing.T) {
			t.Parallel()
			s := mailOnly(131)
			s.User.Email = "visitor.full." + answer.enhanced[:1] + "@example.com"
			const quota = 2000
			others := "Subject: Holiday\r\n\r\n" + strings.Repeat("Greetings\r\n", quota/10)
			if err := smtp.SendMail(server.Plain, nil, "friend@example.com", []string{s.User.Email}, []byte(others)); err != nil {
				t.Fatal(err)
			}
			if n := len(server.Mails(t, s.User.Email)); n != 1 {
				t.Fatalf("%d mails fill the mailbox", n)
			}
			var mu sync.Mutex
			tries := 0
			server.SetPolicy(s.User.Email, func(q mailserver.Request) string {
				if q["protocol_state"] != "RCPT" || server.Size(s.User.Email) < quota {
					return ""
				}
				mu.Lock()
				defer mu.Unlock()
				tries++
				return answer.code + " " + answer.enhanced + " Mailbox is full"
			})
			r := mailTo(t, "address: %q, tls: none", server.Plain)
			r.start()
			r.end(s)
			for n := 1; n <= 3; n++ {
				d := r.becomes(s, "tried again", func(d delivery) bool { return len(d.Attempts) >= n && d.State == chat.Pending })
				if len(d.Attempts) != n || d.Error == nil || !strings.Contains(*d.Error, answer.enhanced) {
					t.Fatalf("after %d tries: %s", n, d)
				}
				if n < 3 {
					r.later(time.Hour)
				}
			}
			r.later(80 * time.Hour)
			d := r.becomesState(s, chat.Failed)
			if last := d.Attempts[len(d.Attempts)-1]; last.Error == nil || !strings.Contains(*last.Error, answer.enhanced) {
				t.Errorf("%s", d)
			}
			if n := len(server.Mails(t, s.User.Email)); n != 1 {
				t.Errorf("%d mails lie in the full mailbox, want the one that filled it", n)
			}
			mu.Lock()
			defer mu.Unlock()
			if tries > 5 {
				t.Errorf("the full mailbox was tried %d times", tries)
			}
			r.mustNameNobody()
		})
	}
}

func refusedRecipient(t *testing.T, server *mailserver.Server) {
	s := mailOnly(141)
	s.User.Email = "nobody.visitor141@example.com"
	r := mailTo(t, "address: %q, tls: none", server.Plain)
	r.start()
	r.end(s)
	d := r.becomesState(s, chat.Failed)
	if len(d.Attempts) != 1 || d.Error == nil || !strings.Contains(*d.Error, "5.1.1") {
		t.Errorf("%s", d)
	}
	mustHoldNothingPrivate(t, "the delivery's error", *d.Error)
	r.mustNameNobody()
}

func deadServer(t *testing.T, server *mailserver.Server) {
	s := mailOnly(151)
	kill := sync.OnceFunc(func() { server.KillSessions(t, server.Apart) })
	server.SetPolicy(s.User.Email, func(q mailserver.Request) string {
		if q["protocol_state"] == "END-OF-MESSAGE" {
			kill()
		}
		return ""
	})
	r := mailTo(t, "address: %q, tls: none", server.Apart)
	r.start()
	r.end(s)
	r.becomesState(s, chat.Unknown)
	mustHaveNone(t, server, s) // so the operator sends it again
	r.operate("retry", "--resend", key(s, chat.EmailTranscript, "user"))
	r.becomesState(s, chat.Delivered)
	mustHaveOne(t, server, s)
	r.mustNameNobody()
}

func lostAnswer(t *testing.T, server *mailserver.Server) {
	s := mailOnly(161)
	line := newRelay(t, server.Plain, nil)
	server.SetPolicy(s.User.Email, func(q mailserver.Request) string {
		if q["protocol_state"] == "END-OF-MESSAGE" {
			line.cut()
		}
		return ""
	})
	r := mailTo(t, "address: %q, tls: none", line.address)
	r.start()
	r.end(s)
	r.becomesState(s, chat.Unknown)
	eventually(t, 10*time.Second, "the mail lies in the mailbox", func() bool { return len(mailbox(t, server, s)) > 0 })
	mustHaveOne(t, server, s) // so the operator says that it came
	r.operate("resolve", "--state", "delivered", key(s, chat.EmailTranscript, "user"))
	r.becomesState(s, chat.Delivered)
	line.up()
	time.Sleep(time.Second)
	mustHaveOne(t, server, s)
	r.mustNameNobody()
}
