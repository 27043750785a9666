package workers_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
)

// mailAll mails all transcripts of a conversation.
func (r *rig) mailAll(conversation string) {
	r.t.Helper()
	all, err := r.store.Deliveries(r.t.Context(), acme, conversation)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, d := range all {
		if d.Action == chat.EmailTranscript {
			r.run(d.ID)
		}
	}
}

// transcripts ends a chat, files its ticket, and returns the mail that each address got;
// "ticket" is the ticket.
func transcripts(t *testing.T, r *rig, s chat.Snapshot) map[string]thing {
	t.Helper()
	r.organization().Transcripts = []config.TranscriptRule{{To: "user", Audience: chat.Customer}, {To: "qa@acme.example", Audience: chat.Internal}}
	desk := r.account("zd", searchable(), "")
	v := r.account(chat.AccountMail, searchable(), "")
	r.run(r.end(s)[chat.FileTicket])
	r.mailAll(s.ID)
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

// unzipped returns the text in an archive that has nothing else.
func unzipped(t *testing.T, content []byte) string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil || len(archive.File) != 1 || archive.File[0].Name != "conversation.txt" {
		t.Fatalf("no archive with one text: %v", err)
	}
	f, err := archive.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestATranscriptWhoseAttachedWholeIsTooLargeForTheServerArrivesAllTheSame(t *testing.T) {
	t.Parallel()
	s := sample("c", 1)
	s.Messages[1].Text = strings.Repeat("unplug it ", 4000)
	for name, test := range map[string]struct {
		most  int // bytes of files that the server takes
		pdf   bool
		files string
		whole func(content []byte) string
		says  string
	}{
		"it fits":                      {100_000, false, "conversation.txt text/plain", func(b []byte) string { return string(b) }, "The whole chat is in the attached file conversation.txt."},
		"packed, it fits":              {5_000, false, "conversation.zip application/zip", func(b []byte) string { return unzipped(t, b) }, "The whole chat is in the attached file conversation.zip."},
		"packed, it does not fit":      {100, false, "", nil, "The whole chat is too large to be attached to this mail."},
		"it fits without the PDF":      {50_000, true, "conversation.txt text/plain", func(b []byte) string { return string(b) }, "The whole chat is in the attached file conversation.txt."},
		"packed and without the PDF":   {5_000, true, "conversation.zip application/zip", func(b []byte) string { return unzipped(t, b) }, "The whole chat is in the attached file conversation.zip."},
		"it does not, and nor the PDF": {100, true, "", nil, "The whole chat is too large to be attached to this mail."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.organization().Mail = &config.Mail{SMTP: settings{}, BodyLimit: 20 << 10}
			r.organization().Transcripts[0].PDF = test.pdf
			r.worker.Printer = bulky{50_000}
			v := r.account(chat.AccountMail, blind(), "")
			v.most = test.most
			if d := r.run(r.end(s)[chat.EmailTranscript]); d.State != chat.Delivered || len(d.Tries) != 1 {
				t.Fatalf("%s (%s) after %d tries", d.State, d.Error, len(d.Tries))
			}
			sent := v.things("message")
			if len(sent) != 1 || names(sent[0].files) != test.files || !strings.Contains(sent[0].text, test.says) {
				t.Fatalf("%d mails, the first with %q, which does not say %q", len(sent), names(sent[0].files), test.says)
			}
			if attached := strings.Contains(sent[0].text, "attached file"); attached != (test.whole != nil) {
				t.Errorf("it says that the whole is attached: %t", attached)
			}
			if test.whole != nil && !strings.Contains(test.whole(sent[0].files[0].Content), strings.TrimSpace(s.Messages[1].Text)) {
				t.Error("the file does not hold the whole message")
			}
		})
	}
}

func TestAMailThatCannotBecomeSmallerIsRefusedOnce(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"5.3.4", "5.2.3", "552"} {
		r := newRig(t)
		v := r.account(chat.AccountMail, blind(), "")
		no := mishap{err: fault.New(fault.Invalid, code, "")}
		v.mishaps = []mishap{no, no, no, no}
		if d := r.run(r.end(sample("c", 1))[chat.EmailTranscript]); d.State != chat.Failed || v.calls != 1 {
			t.Errorf("%s: %s after %d calls", code, d.State, v.calls)
		}
	}
}

func TestHoweverAServerSaysThatAMailIsTooLargeItGetsASmallerOne(t *testing.T) {
	t.Parallel()
	for code, smaller := range map[string]bool{"5.3.4": true, "5.2.3": true, "552": true, "5.7.1": false} {
		r := newRig(t)
		r.organization().Mail = &config.Mail{SMTP: settings{}, BodyLimit: 20 << 10}
		s := sample("c", 1)
		s.Messages[1].Text = strings.Repeat("unplug it ", 4000)
		v := r.account(chat.AccountMail, blind(), "")
		v.mishaps = []mishap{{err: fault.New(fault.Invalid, code, "")}}
		d := r.run(r.end(s)[chat.EmailTranscript])
		if sent := v.things("message"); smaller != (d.State == chat.Delivered) || smaller != (len(sent) == 1 && names(sent[0].files) == "conversation.zip application/zip") {
			t.Errorf("after %s it is %s, with %d mails", code, d.State, len(sent))
		}
	}
}

func TestOfAMailThatMayHaveBeenTakenNoSmallerOneIsSent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.organization().Mail = &config.Mail{SMTP: settings{}, BodyLimit: 20 << 10}
	s := sample("c", 1)
	s.Messages[1].Text = strings.Repeat("unplug it ", 4000)
	v := r.account(chat.AccountMail, blind(), "")
	v.mishaps = []mishap{{err: fault.New(fault.Invalid, "5.3.4", "")}, {happens: true, err: fault.New(fault.Ambiguous, "5.3.4", "")}}
	if d := r.run(r.end(s)[chat.EmailTranscript]); d.State != chat.Unknown || len(v.things("message")) != 1 || v.calls != 2 {
		t.Errorf("%s, %d mails after %d calls", d.State, len(v.things("message")), v.calls)
	}
}
