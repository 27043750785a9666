package workers_test

import (
	"strings"
	"testing"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
)

// mailDesk is a desk that takes mail in.
type mailDesk struct {
	settings
	connectors.Answers
}

func TestAnswersToACustomersTranscriptLandInItsTicket(t *testing.T) {
	t.Parallel()
	zendesk := connectors.Answers{ReplyTo: "support+id{ticket}@acme.zendesk.example"}
	rt := connectors.Answers{ReplyTo: "rt@acme.example", SubjectTag: "[acme.example #{ticket}]"}
	for name, test := range map[string]struct {
		desk         connectors.Settings
		filed        bool
		replyTo, tag string
	}{
		"a desk with an address for each": {mailDesk{Answers: zendesk}, true, "support+id1@acme.zendesk.example", ""},
		"a desk that reads the subject":   {mailDesk{Answers: rt}, true, "rt@acme.example", "[acme.example #1] "},
		"no ticket yet":                   {mailDesk{Answers: zendesk}, false, "", ""},
		"a desk that says nothing":        {mailDesk{}, true, "", ""},
		"a desk that takes no mail in":    {settings{}, true, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.organization().Desks["zd"] = test.desk
			r.organization().Transcripts = append(r.organization().Transcripts, config.TranscriptRule{To: "qa@acme.example", Audience: chat.Internal})
			r.account("zd", searchable(), "")
			mail := r.account(chat.AccountMail, searchable(), "")
			ids := r.end(sample("c", 1))
			if test.filed {
				r.run(ids[chat.FileTicket])
			}
			all, err := r.store.Deliveries(t.Context(), acme, "c")
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range all {
				if d.Action == chat.EmailTranscript {
					r.run(d.ID)
				}
			}
			sent := mail.things("message")
			if len(sent) != 2 {
				t.Fatalf("%d mails, want 2", len(sent))
			}
			for _, m := range sent {
				replyTo, tag := test.replyTo, test.tag
				if m.on == "qa@acme.example" {
					replyTo, tag = "", ""
				}
				if m.replyTo != replyTo {
					t.Errorf("answers of %s go to %q, want %q", m.on, m.replyTo, replyTo)
				}
				if got := strings.HasPrefix(m.text, "["); got != (tag != "") || !strings.HasPrefix(m.text, tag) {
					t.Errorf("the subject for %s: %.60q, want it to begin with %q", m.on, m.text, tag)
				}
			}
		})
	}
}
