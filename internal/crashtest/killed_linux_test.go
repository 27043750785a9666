//go:build real

package crashtest

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/testenv/mailserver"
)

func deadServer(t *testing.T, server *mailserver.Server) {
	s := mailOnly(151)
	kill := sync.OnceFunc(func() {
		if server.KillSessions(t, server.Apart[0]) == 0 {
			t.Error("there was nothing to kill")
		}
	})
	server.SetPolicy(s.User.Email, func(q mailserver.Request) string {
		if q["protocol_state"] == "END-OF-MESSAGE" {
			kill()
		}
		return ""
	})
	r := mailTo(t, "smtp: {address: %q, tls: none}", server.Apart[0])
	r.start()
	r.end(s)
	r.becomesState(s, chat.Unknown)
	mustHaveNone(t, server, s) // so the operator sends it again
	r.operate("deliveries", "retry", "--resend", key(s, chat.EmailTranscript, "user"))
	r.becomesState(s, chat.Delivered)
	mustHaveOne(t, server, s)
	r.mustNameNobody()
}

// silentServer has the final dot and says nothing for longer than a lease; then it takes
// the mail after all.
func silentServer(t *testing.T, server *mailserver.Server) {
	s := mailOnly(156)
	given := make(chan struct{})
	give := sync.OnceFunc(func() { close(given) })
	t.Cleanup(give)
	server.SetPolicy(s.User.Email, func(q mailserver.Request) string {
		if q["protocol_state"] == "END-OF-MESSAGE" {
			<-given
		}
		return ""
	})
	r := mailTo(t, "smtp: {address: %q, tls: none}", server.Plain)
	r.start()
	r.end(s)
	r.becomesState(s, chat.Calling)
	time.Sleep(lease + grace + 2*time.Second)
	if d := r.transcript(s); d.State != chat.Calling || len(d.Attempts) != 0 {
		t.Errorf("%s", d)
	}
	mustHaveNone(t, server, s)
	give()
	r.becomesState(s, chat.Delivered)
	if d := r.transcript(s); len(d.Attempts) != 1 {
		t.Errorf("%s", d)
	}
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
	r := mailTo(t, "smtp: {address: %q, tls: none}", line.address)
	r.start()
	r.end(s)
	r.becomesState(s, chat.Unknown)
	eventually(t, 30*time.Second, "the mail lies in the mailbox", func() bool { return len(mailbox(t, server, s)) > 0 })
	mustHaveOne(t, server, s) // so the operator says that it came
	r.operate("deliveries", "resolve", "--state", "delivered", key(s, chat.EmailTranscript, "user"))
	r.becomesState(s, chat.Delivered)
	line.up()
	time.Sleep(time.Second)
	mustHaveOne(t, server, s)
	r.mustNameNobody()
}

// killedServer kills the mail server's side of all sessions again and again, just when a
// final dot has come or a little later, and does with what is unknown afterwards what an
// operator would.
func killedServer(t *testing.T, server *mailserver.Server) {
	const first, chats = 201, 40
	var killed atomic.Int64
	r := mailTo(t, "smtp: {address: %q, tls: none}", server.Apart[1])
	for n := range chats {
		if n%5 != 0 {
			continue
		}
		var once sync.Once
		server.SetPolicy(mailOnly(first+n).User.Email, func(q mailserver.Request) string {
			if q["protocol_state"] != "END-OF-MESSAGE" {
				return ""
			}
			once.Do(func() {
				kill := func() { killed.Add(int64(server.KillSessions(t, server.Apart[1]))) }
				if n%10 == 0 {
					kill() // before the mail is taken
				} else {
					time.AfterFunc(time.Duration(n)*time.Millisecond, kill)
				}
			})
			return ""
		})
	}
	r.start()
	for n := range chats {
		r.end(mailOnly(first + n))
	}
	r.ended(30 * time.Second)
	found, resent := 0, 0
	for n := range chats {
		s := mailOnly(first + n)
		if d := r.transcript(s); d.State != chat.Unknown {
			continue
		}
		at := "/v1/deliveries/" + key(s, chat.EmailTranscript, "user")
		if len(mailbox(t, server, s)) > 0 {
			found++
			r.must(http.MethodPost, at+"/resolve", map[string]string{"state": "delivered"}, nil)
		} else {
			resent++
			r.must(http.MethodPost, at+"/retry", map[string]bool{"resend": true}, nil)
		}
	}
	t.Logf("%d sessions killed; by hand: %d mails found in the mailbox, %d sent again", killed.Load(), found, resent)
	r.ended(30 * time.Second)
	for n := range chats {
		s := mailOnly(first + n)
		if d := r.transcript(s); d.State != chat.Delivered {
			t.Errorf("not delivered: %s", d)
		}
		mustHaveOne(t, server, s)
	}
	if killed.Load() == 0 {
		t.Error("no session was killed")
	}
}
