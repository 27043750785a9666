//go:build real

package crashtest

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/standin"
	"github.com/afterchat/afterchat/internal/testenv/mailserver"
)

// TestMailsReachARealMailbox ends chats at the real binary, whose mails go through a
// real Postfix, and looks into the Maildir. What the mail server does, its own policy
// decides or the test does to it; nothing stands in for it.
func TestMailsReachARealMailbox(t *testing.T) {
	t.Parallel()
	server := mailserver.Start(t)
	t.Run("a Postfix", func(t *testing.T) {
		for name, test := range map[string]func(*testing.T, *mailserver.Server){
			"a whole chat arrives once, signed in and inside TLS":               wholeChat,
			"a refused password pauses the account and loses nothing":           refusedPassword,
			"a greylisted mail arrives once, though the process died meanwhile": greylisted,
			"a full mailbox is tried again, slowly":                             fullMailbox,
			"a refused recipient fails at once and is named nowhere":            refusedRecipient,
			"a server that dies before its answer leaves it to a person":        deadServer,
			"a server that says nothing for longer than a lease is waited for":  silentServer,
			"an answer that is lost leaves it to a person":                      lostAnswer,
			"a mail that bounces later, by LMTP":                                bouncesByLMTP,
			"a mail that bounces later, by SMTP":                                bouncesBySMTP,
			"a mail that bounces later, by the webhook":                         bouncesByWebhook,
			"a mail that bounces later, known by its Message-ID alone":          bouncesByMessageID,
			"every mail comes once whatever is killed at the server":            killedServer,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, server)
			})
		}
	})
}

// mailTo is a rig whose processes send through Postfix, with these settings of mail.
func mailTo(t *testing.T, settings string, arguments ...any) *rig {
	t.Helper()
	r := newRig(t, seedOf(t))
	r.setMail(settings, arguments...)
	return r
}

func (r *rig) setMail(settings string, arguments ...any) {
	standard := fmt.Sprintf("smtp: {address: %q, tls: none}", r.mail.address)
	r.edit = func(config string) string {
		if !strings.Contains(config, standard) {
			r.t.Errorf("the configuration does not say %s", standard)
		}
		return strings.Replace(config, standard, fmt.Sprintf(settings, arguments...), 1)
	}
}

// mailOnly is a chat that brings about a transcript and nothing else.
func mailOnly(n int) chat.Snapshot {
	s := standin.Chat(n)
	s.Outcome = "resolved"
	return s
}

func (r *rig) end(s chat.Snapshot) {
	r.t.Helper()
	r.must(http.MethodPost, "/v1/conversations/"+s.ID+"/end", s, nil)
}

// transcript is the delivery of a chat's transcript to its user.
func (r *rig) transcript(s chat.Snapshot) delivery {
	r.t.Helper()
	var d delivery
	r.must(http.MethodGet, "/v1/deliveries/"+key(s, chat.EmailTranscript, "user"), nil, &d)
	return d
}

// becomes waits until the transcript is as it should be.
func (r *rig) becomes(s chat.Snapshot, what string, holds func(delivery) bool) delivery {
	r.t.Helper()
	var d delivery
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		if d = r.transcript(s); holds(d) {
			return d
		}
		if time.Since(began) > 30*time.Second {
			r.t.Fatalf("still not %s: %s", what, d)
		}
	}
}

func (r *rig) becomesState(s chat.Snapshot, state chat.State) delivery {
	r.t.Helper()
	return r.becomes(s, string(state), func(d delivery) bool { return d.State == state })
}

// later lets time go by for all that waits.
func (r *rig) later(d time.Duration) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, r.database)
	if err != nil {
		r.t.Fatal(err)
	}
	defer conn.Close(ctx)
	for _, statement := range []string{
		"update pauses set until = until - $1::interval",
		"update deliveries set due_at = due_at - $1::interval, waiting_since = waiting_since - $1::interval where state = 'pending'",
		"update due set wake_at = wake_at - $1::interval",
	} {
		if _, err := conn.Exec(ctx, statement, d); err != nil {
			r.t.Fatal(err)
		}
	}
}

// operate runs the command that an operator would.
func (r *rig) operate(arguments ...string) string {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	defer cancel()
	arguments = append(arguments, "--config", r.writeConfig(address(9)), "--organization", r.organization)
	output, err := exec.CommandContext(ctx, binary(r.t), arguments...).CombinedOutput()
	if err != nil {
		r.t.Fatalf("afterchat %s: %v\n%s", strings.Join(arguments[:2], " "), err, output)
	}
	return string(output)
}

// mailbox returns the mails that lie in the user's mailbox, each of which has to be the
// chat's transcript.
func mailbox(t *testing.T, server *mailserver.Server, s chat.Snapshot) []mailserver.Mail {
	t.Helper()
	mails := server.Mails(t, s.User.Email)
	for _, m := range mails {
		if mark, ok := connectors.MessageMark(m.GetHeader("Message-ID")); !ok || mark.Key.String() != key(s, chat.EmailTranscript, "user") {
			t.Errorf("a mail is %s, which is not the delivery's key", mark)
		}
	}
	return mails
}

func mustHaveOne(t *testing.T, server *mailserver.Server, s chat.Snapshot) mailserver.Mail {
	t.Helper()
	mails := mailbox(t, server, s)
	if len(mails) != 1 {
		t.Fatalf("%d mails lie in the mailbox, want 1", len(mails))
	}
	return mails[0]
}

func mustHaveNone(t *testing.T, server *mailserver.Server, s chat.Snapshot) {
	t.Helper()
	if n := len(mailbox(t, server, s)); n != 0 {
		t.Errorf("%d mails lie in the mailbox, want none", n)
	}
}

func (r *rig) mustNameNobody() {
	r.t.Helper()
	mustHoldNothingPrivate(r.t, "Redis", r.inRedis())
	mustHoldNothingPrivate(r.t, "the log", r.log())
}
