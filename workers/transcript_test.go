package workers_test

import (
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
)

// transcripts ends a chat, files its ticket, and returns the mail that each address got;
// "ticket" is the ticket.
func transcripts(t *testing.T, r *rig, s chat.Snapshot) map[string]thing {
	t.Helper()
	r.organization().Transcripts = []config.TranscriptRule{{To: "user", Audience: chat.Customer}, {To: "qa@acme.example", Audience: chat.Internal}}
	desk := r.account("zd", searchable(), "")
	v := r.account(chat.AccountMail, searchable(), "")
	r.run(r.end(s)[chat.FileTicket])
	all, err := r.store.Deliveries(t.Context(), acme, s.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if d.Action == chat.EmailTranscript {
			r.run(d.ID)
		}
	}
	mails := map[string]thing{"ticket": desk.things("ticket")[0]}
	for _, m := range v.things("message") {
		mails[m.on] = m
	}
	if len(mails) != 3 {
		t.Fatalf("mails to %d addresses", len(mails)-1)
	}
	return mails
}

func TestColleaguesReadWhatBecameOfTheChatAndTheCustomerDoesNot(t *testing.T) {
	t.Parallel()
	mails := transcripts(t, newRig(t), sample("c", 1))
	inside := mails["qa@acme.example"].text
	for _, line := range []string{"\nDeliveries\nTicket: zd · delivered · 1 · ", "\nNotes on the ticket: zd · pending · ", "\nTranscript: mail · for the customer · delivered · "} {
		if !strings.Contains(inside, line) {
			t.Errorf("the internal transcript lacks %q", line)
		}
	}
	if strings.Contains(inside, "mail · delivered · 1 · ") {
		t.Error("the internal transcript tells the id of another mail")
	}
	if n := strings.Count(inside, "\nTranscript: mail"); n != 1 {
		t.Errorf("%d transcripts are told of: the mail itself is none of them", n)
	}
	if outside := mails["ann@example.com"].text; strings.Contains(outside, "Deliveries") || strings.Contains(outside, "Notes on the ticket") {
		t.Error("the customer reads of the deliveries")
	}
}

func TestAgentsAreNamedAsTheOrganizationSays(t *testing.T) {
	t.Parallel()
	for names, want := range map[string]string{"full": "Bo Berg", "first": "Bo", "support": "Support"} {
		t.Run(names, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.organization().Agents = config.Agents{Names: names, Photos: true}
			r.organization().Tickets[0].Body = chat.Customer
			s := sample("c", 1)
			s.Agents[0].DisplayName, s.Agents[0].PhotoURL = "Bo Berg", "https://cdn.acme.example/bo.jpg"
			mails := transcripts(t, r, s)
			for _, seen := range []thing{mails["ann@example.com"], mails["ticket"]} {
				if !strings.Contains(seen.text, "You talked with: "+want+"\n") || strings.Contains(seen.text, "Berg") != (names == "full") {
					t.Errorf("in a %s the customer does not know the agent as %q", seen.what, want)
				}
			}
			if strings.Contains(mails["ann@example.com"].text, "bo.jpg") != (names != "support") {
				t.Error("the photo is there, or is not")
			}
			if !strings.Contains(mails["qa@acme.example"].text, "Bo Ekholm (Bo Berg)") {
				t.Error("colleagues do not read the whole name")
			}
		})
	}
}

func TestATranscriptThatIsTooLongIsAttachedWhole(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.organization().Mail = &config.Mail{SMTP: settings{}, BodyLimit: 20 << 10}
	s := sample("c", 1)
	s.Messages[1].Text = strings.Repeat("unplug it ", 4000)
	m := transcripts(t, r, s)["ann@example.com"]
	if strings.Contains(m.text, strings.TrimSpace(s.Messages[1].Text)) || !strings.Contains(m.text, "unplug it unplug it") ||
		!strings.Contains(m.text, "[…]") || !strings.Contains(m.text, "The first 1 of 2 messages. A message is too long for this mail and is cut.") {
		t.Error("the mail is not cut inside its long message, or does not say so")
	}
	if len(m.files) != 1 || !strings.Contains(string(m.files[0].Content), strings.TrimSpace(s.Messages[1].Text)) {
		t.Errorf("%d files, or the message is not in it", len(m.files))
	}
	if short := transcripts(t, newRig(t), sample("c", 1))["ann@example.com"]; len(short.files) != 0 {
		t.Errorf("a short mail has %d files", len(short.files))
	}
}
