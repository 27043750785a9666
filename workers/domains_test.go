package workers_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/smtp"
	"github.com/afterchat/afterchat/connectors/smtp/smtptest"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/limiter"
	"github.com/afterchat/afterchat/internal/testenv"
)

// process is the mail account as a process of its own has it: with its own connections
// to the mail server and to Redis.
func (r *rig) process(server *smtptest.Server, url string) *connectors.Account {
	r.t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		r.t.Fatal(err)
	}
	client, err := smtp.New(&smtp.Settings{From: "support@acme.example", Address: server.Addr(), TLS: smtp.TLSNone})
	if err != nil {
		r.t.Fatal(err)
	}
	connection := redis.NewClient(options)
	r.t.Cleanup(func() { _ = client.Close(); _ = connection.Close() })
	return connectors.NewAccount(client, settings{}, limiter.New(connection), func(string, string, time.Duration) {})
}

func TestADomainThatTakesNoMoreRestsForEveryProcess(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	server, err := smtptest.New(smtptest.Options{Refusals: map[string]smtptest.Refusal{"busy": {Code: 421, Enhanced: [3]int{4, 7, 28}}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	url := testenv.Redis(t)
	one, other := r.process(server, url), r.process(server, url)
	mail := func(at *connectors.Account, id, to string) (chat.State, chat.Hold, int) {
		t.Helper()
		r.accounts[chat.AccountMail] = at
		s := sample(id, 1)
		s.User.Email = to
		d := r.run(r.end(s)[chat.EmailTranscript])
		if d.State == chat.Pending && (time.Until(d.DueAt) < 40*time.Second || time.Until(d.DueAt) > 2*time.Minute) {
			t.Errorf("%s is due in %s", id, time.Until(d.DueAt))
		}
		return d.State, d.Hold, d.Attempts
	}
	if state, _, attempts := mail(one, "c1", "busy@big.example"); state != chat.Pending || attempts != 1 {
		t.Errorf("the refused mail is %s after %d attempts", state, attempts)
	}
	for id, to := range map[string]string{"c2": "ann@big.example", "c3": "bea@BIG.example"} {
		if state, hold, attempts := mail(other, id, to); state != chat.Pending || hold != chat.HeldByRateLimit || attempts != 0 {
			t.Errorf("another process has %s as %s, held by %q, after %d attempts", id, state, hold, attempts)
		}
	}
	if state, _, _ := mail(other, "c4", "ann@small.example"); state != chat.Delivered {
		t.Errorf("a mail to another domain is %s", state)
	}
	if n := len(server.Messages()); n != 1 {
		t.Errorf("%d mails were taken", n)
	}
}
