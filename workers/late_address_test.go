package workers_test

import (
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/workers/tasks"
)

func TestATranscriptThatHadNoAddressIsSentWhenOneComesLate(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.account("zd", searchable(), "")
	v := r.account(chat.AccountMail, searchable(), "")
	r.organization().ContactWait = config.Duration(30 * time.Minute)
	s := sample("c", 1)
	s.User.Email = ""
	id := r.end(s)[chat.EmailTranscript]
	r.age(id, 31*time.Minute)
	if d := r.run(id); d.State != chat.Suppressed || d.Error != chat.NoAddress || v.calls != 0 {
		t.Fatalf("after the wait it is %s (%s), %d calls", d.State, d.Error, v.calls)
	}
	contact := func(id, email string) {
		t.Helper()
		if err := r.take(tasks.TypeChatContact, map[string]any{"organization": acme, "conversation": "c", "id": id, "email": email}); err != nil {
			t.Fatal(err)
		}
	}
	contact("k1", "ann at home")
	if d := r.run(id); d.State != chat.Suppressed {
		t.Errorf("with an address that is no good it is %s", d.State)
	}
	contact("k2", "ann@example.com")
	if d := r.run(id); d.State != chat.Delivered {
		t.Errorf("with an address it is %s (%s)", d.State, d.Error)
	}
	contact("k3", "other@example.com")
	r.run(id)
	mails := v.things("message")
	if len(mails) != 1 || mails[0].on != "ann@example.com" || mails[0].key != id {
		t.Errorf("%d mails were sent: %+v", len(mails), mails)
	}
}

func TestAnAddressThatComesLateIsNotWrittenToWhereItBounced(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.account("zd", searchable(), "")
	v := r.account(chat.AccountMail, searchable(), "")
	s := sample("c", 1)
	s.User.Email = ""
	id := r.end(s)[chat.EmailTranscript] // this organization waits for nobody
	if err := r.store.Suppress(t.Context(), acme, chat.ChannelEmail, "ann@example.com", "bounced"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.take(tasks.TypeChatContact, map[string]any{"organization": acme, "conversation": "c", "id": "k", "email": "ann@example.com"}); err != nil {
			t.Fatal(err)
		}
		if d := r.run(id); d.State != chat.Suppressed || d.Error != "bounced" || v.calls != 0 {
			t.Errorf("it is %s (%s), %d calls", d.State, d.Error, v.calls)
		}
	}
}

func TestAnAddressThatComesLateHasOneTranscriptWhereARuleNamesIt(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]int{"delivered": 1, "failed": 1} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.account("zd", searchable(), "")
			v := r.account(chat.AccountMail, searchable(), "")
			r.organization().ContactWait = config.Duration(30 * time.Minute)
			r.organization().Transcripts = append(r.organization().Transcripts, config.TranscriptRule{To: "Ann@example.com", Audience: chat.Customer})
			s := sample("c", 1)
			s.User.Email = ""
			r.end(s)
			byRule, toUser := chat.NewKey(acme, "c", 1, chat.EmailTranscript, "customer ann@example.com"), chat.NewKey(acme, "c", 1, chat.EmailTranscript, "user")
			if state == "failed" {
				r.exec("update deliveries set state = 'failed' where id = $1", byRule)
			} else if d := r.run(byRule); d.State != chat.Delivered {
				t.Fatalf("the rule's transcript is %s (%s)", d.State, d.Error)
			}
			if err := r.take(tasks.TypeChatContact, map[string]any{"organization": acme, "conversation": "c", "id": "k", "email": "ann@EXAMPLE.com"}); err != nil {
				t.Fatal(err)
			}
			d := r.run(toUser)
			if n := len(v.things("message")); n != want {
				t.Errorf("the user's is %s (%s), and %d mails were sent, not %d", d.State, d.Error, n, want)
			}
		})
	}
}
