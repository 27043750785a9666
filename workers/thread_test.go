package workers_test

import (
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/smtp"
	"github.com/afterchat/afterchat/connectors/smtp/smtptest"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/signing"
)

// mailServer gives the rig's mail account a server that speaks SMTP.
func (r *rig) mailServer() *smtptest.Server {
	r.t.Helper()
	server, err := smtptest.New(smtptest.Options{})
	if err != nil {
		r.t.Fatal(err)
	}
	client, err := smtp.New(&smtp.Settings{From: "Acme Support <support@acme.example>", Address: server.Addr(), TLS: smtp.TLSNone})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = client.Close(); _ = server.Close() })
	r.accounts[chat.AccountMail] = connectors.NewAccount(client, settings{}, free{}, func(string, string, time.Duration) {})
	return server
}

// mailedBy ends an episode, sends all its transcripts, and returns the mail that each
// address got and its Message-ID.
func (r *rig) mailedBy(server *smtptest.Server, s chat.Snapshot) (mails map[string]smtptest.Content, ids map[string]string) {
	r.t.Helper()
	seen := len(server.Messages())
	r.end(s)
	all, err := r.store.Deliveries(r.t.Context(), acme, s.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, d := range all {
		if d.Action == chat.EmailTranscript && d.Episode == s.Episode {
			if got := r.run(d.ID); got.State != chat.Delivered {
				r.t.Fatalf("a mail is %s: %s", got.State, got.Error)
			}
		}
	}
	mails, ids = map[string]smtptest.Content{}, map[string]string{}
	for _, m := range server.Messages()[seen:] {
		content, err := m.Read()
		if err != nil {
			r.t.Fatal(err)
		}
		mails[m.To], ids[m.To] = content, m.MessageID
	}
	return mails, ids
}

func TestEpisodesMakeAThreadOfTheMailsThatWereSent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.account("zd", searchable(), "")
	r.organization().Transcripts = []config.TranscriptRule{{To: "user", Audience: chat.Customer}, {To: "qa@acme.example", Audience: chat.Internal}}
	server := r.mailServer()
	const ann, qa, eve = "ann@example.com", "qa@acme.example", "eve@example.com"

	first, one := r.mailedBy(server, sample("c", 1))
	if got := first[ann].Header.Get("In-Reply-To"); got != "" {
		t.Errorf("the first mail answers %s", got)
	}
	root := first[ann].Header.Get("References")
	if root == "" || root != first[qa].Header.Get("References") || strings.Contains(root, " ") {
		t.Errorf("the first mails refer to %q and %q", root, first[qa].Header.Get("References"))
	}

	// What was sent is named as it was sent, although its tag cannot be made any more.
	keys, err := signing.New([]connectors.Secret{"another-secret-of-32-bytes-or-more"})
	if err != nil {
		t.Fatal(err)
	}
	r.worker.Keys = keys
	again := sample("c", 2)
	again.User.Email = "Ann@Example.com"
	second, two := r.mailedBy(server, again)
	third, three := r.mailedBy(server, sample("c", 3))
	for _, to := range []string{ann, qa} {
		mail := second[to]
		if to == ann {
			mail = second["Ann@Example.com"]
			two[ann] = two["Ann@Example.com"]
		}
		if got := mail.Header.Get("In-Reply-To"); got != one[to] {
			t.Errorf("the second mail to %s answers %q, want %q", to, got, one[to])
		}
		if got, want := mail.Header.Get("References"), root+" "+one[to]; got != want {
			t.Errorf("the second mail to %s refers to %q, want %q", to, got, want)
		}
		if got, want := third[to].Header.Get("References"), root+" "+one[to]+" "+two[to]; got != want || third[to].Header.Get("In-Reply-To") != two[to] {
			t.Errorf("the third mail to %s refers to %q, want %q", to, got, want)
		}
	}

	// Another mailbox is told no Message-ID that it has not seen.
	elsewhere := sample("c", 4)
	elsewhere.User.Email = eve
	fourth, _ := r.mailedBy(server, elsewhere)
	if got := fourth[eve].Header.Get("References"); got != root {
		t.Errorf("a mail to another address refers to %q, want %q", got, root)
	}
	for _, ids := range []map[string]string{one, two, three} {
		for to, id := range ids {
			if _, tag, _ := strings.Cut(id, "."); tag != "" && to != qa && strings.Contains(fourth[qa].Text, tag[:12]) {
				t.Error("the colleagues' mail tells a tag of the customer's")
			}
		}
	}

	// Another chat is another thread.
	other, _ := r.mailedBy(server, sample("d", 1))
	if got := other[ann].Header.Get("References"); got == root || strings.Contains(got, " ") {
		t.Errorf("another conversation refers to %q", got)
	}
}
