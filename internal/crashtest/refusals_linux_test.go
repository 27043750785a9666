//go:build real

package crashtest

import (
	"net/smtp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/testenv/mailserver"
)

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
	r := mailTo(t, "smtp: {address: %q, tls: none}", server.Plain)
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
	list.mu.Lock()
	defer list.mu.Unlock()
	if list.tries < 2 || len(d.Attempts) != list.tries {
		t.Errorf("the server was asked %d times: %s", list.tries, d)
	}
	r.mustNameNobody()
}

// fullMailbox has mailboxes that take as much as their quota, which other people's mail
// has used up: one whose server says so for now, until its owner tidies up, and one whose
// server says so for good.
func fullMailbox(t *testing.T, server *mailserver.Server) {
	t.Run("for now", func(t *testing.T) {
		t.Parallel()
		s := mailOnly(131)
		quota := fill(t, server, s, "452 4.2.2 Mailbox is full")
		r := mailTo(t, "smtp: {address: %q, tls: none}", server.Plain)
		r.start()
		r.end(s)
		for n := 1; n <= 3; n++ {
			d := r.becomes(s, "tried again", func(d delivery) bool { return len(d.Attempts) >= n && d.State == chat.Pending })
			if d.Error == nil || !strings.Contains(*d.Error, "4.2.2") {
				t.Fatalf("after %d tries: %s", n, d)
			}
			if n == 3 {
				quota.Store(1 << 20)
			}
			r.later(time.Hour)
		}
		r.becomesState(s, chat.Delivered)
		if n := len(server.Mails(t, s.User.Email)); n != 2 {
			t.Errorf("%d mails lie in the mailbox, want two", n)
		}
		r.mustNameNobody()
	})
	t.Run("for good", func(t *testing.T) {
		t.Parallel()
		s := mailOnly(132)
		fill(t, server, s, "552 5.2.2 Mailbox is full")
		r := mailTo(t, "smtp: {address: %q, tls: none}", server.Plain)
		r.start()
		r.end(s)
		for n := 1; n < 4; n++ {
			r.becomes(s, "tried again", func(d delivery) bool { return len(d.Attempts) >= n && d.State == chat.Pending })
			r.later(time.Hour)
			time.Sleep(200 * time.Millisecond)
			if d := r.transcript(s); len(d.Attempts) != n {
				t.Fatalf("an hour after try %d: %s", n, d)
			}
			r.later(10 * time.Hour)
		}
		d := r.becomesState(s, chat.Failed)
		if len(d.Attempts) != 4 || d.Error == nil || !strings.Contains(*d.Error, "5.2.2") {
			t.Errorf("%s", d)
		}
		if n := len(server.Mails(t, s.User.Email)); n != 1 {
			t.Errorf("%d mails lie in the full mailbox, want the one that filled it", n)
		}
		r.mustNameNobody()
	})
}

// fill makes a mailbox full. Its server says so from then on, as long as there is more in
// it than the quota, in bytes, that is returned.
func fill(t *testing.T, server *mailserver.Server, s chat.Snapshot, answer string) (quota *atomic.Int64) {
	t.Helper()
	const most = 2000
	others := "Subject: Holiday\r\n\r\n" + strings.Repeat("Greetings\r\n", most/10)
	if err := smtp.SendMail(server.Plain, nil, "friend@example.com", []string{s.User.Email}, []byte(others)); err != nil {
		t.Fatal(err)
	}
	if n := len(server.Mails(t, s.User.Email)); n != 1 {
		t.Fatalf("%d mails fill the mailbox", n)
	}
	quota = new(atomic.Int64)
	quota.Store(most)
	server.SetPolicy(s.User.Email, func(q mailserver.Request) string {
		if q["protocol_state"] != "RCPT" || int64(server.Size(s.User.Email)) < quota.Load() {
			return ""
		}
		return answer
	})
	return quota
}

func refusedRecipient(t *testing.T, server *mailserver.Server) {
	s := mailOnly(141)
	s.User.Email = "nobody.visitor141@example.com"
	r := mailTo(t, "smtp: {address: %q, tls: none}", server.Plain)
	r.start()
	r.end(s)
	d := r.becomesState(s, chat.Failed)
	if len(d.Attempts) != 1 || d.Error == nil || !strings.Contains(*d.Error, "5.1.1") {
		t.Errorf("%s", d)
	}
	mustHoldNothingPrivate(t, "the delivery's error", *d.Error)
	r.mustNameNobody()
}
