package workers_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/pdf/pdftest"
)

// ask asks for a transcript as an agent's tool does.
func (r *rig) ask(conversation string, body map[string]any) chat.Key {
	r.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		r.t.Fatal(err)
	}
	answer, err := r.worker.Intake.Transcript(r.t.Context(), r.organization(), conversation, raw, "")
	if err != nil {
		r.t.Fatal(err)
	}
	id, err := chat.ParseKey(answer.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

func TestATranscriptThatIsAskedForShowsItsNoteAndWhatItsAudienceMaySee(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	v := r.account(chat.AccountMail, searchable(), "")
	r.run(r.end(sample("c", 1))[chat.EmailTranscript])
	cover := "Here it is, <as promised>\r\n\x1b[31mBo\u202e"
	for _, body := range []map[string]any{
		{"note": cover}, {"to": "boss@example.com", "note": cover}, {"to": "qa@acme.example", "audience": "internal", "note": cover},
	} {
		if d := r.run(r.ask("c", body)); d.State != chat.Delivered {
			t.Errorf("%s (%s)", d.State, d.Error)
		}
	}
	sent := v.things("message")
	if len(sent) != 4 || sent[0].on != "ann@example.com" || strings.Contains(sent[0].text, "as promised") {
		t.Fatalf("sent %+v", sent)
	}
	for i, to := range []string{"ann@example.com", "boss@example.com", "qa@acme.example"} {
		m := sent[i+1]
		internal := to == "qa@acme.example"
		if found := holds(m.text); m.on != to || internal != (len(found) > 0) {
			t.Errorf("%s got what shows %q", m.on, found)
		}
		// The user is greeted by name, and nobody else by the user's.
		if greeted := strings.Contains(m.text, "Hello Ann Lee,"); greeted != (to == "ann@example.com") || to == "boss@example.com" && (!strings.Contains(m.text, "Hello,") || !strings.Contains(m.text, "Ann Lee (visitor)")) {
			t.Errorf("%s reads a greeting that is not theirs: %s", to, m.text)
		}
		if !strings.Contains(m.text, "Here it is, <as promised>\n␛[31mBo\n") || !strings.Contains(m.text, "Here it is, &lt;as promised&gt;<br>\n␛[31mBo") {
			t.Errorf("%s does not read the note: %s", to, m.text)
		}
	}
	if log := r.log.String(); strings.Contains(log, "promised") || strings.Contains(log, "@") {
		t.Error("the log holds the note or an address")
	}
}

func TestATranscriptThatIsAskedForHasAPDFWhereThatWasAskedFor(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	v := r.account(chat.AccountMail, blind(), "")
	r.end(sample("c", 1))
	with, without := r.ask("c", map[string]any{"pdf": true}), r.ask("c", map[string]any{"pdf": false})
	// What is sent once more is the same mail.
	v.mishaps = []mishap{not(fault.Transient)}
	if d := r.run(with); d.State != chat.Pending {
		t.Fatalf("%s (%s)", d.State, d.Error)
	}
	r.age(with, time.Hour)
	for _, id := range []chat.Key{with, without} {
		if d := r.run(id); d.State != chat.Delivered {
			t.Fatalf("%s (%s)", d.State, d.Error)
		}
	}
	sent := v.things("message")
	if len(sent) != 2 || len(sent[0].files) != 1 || sent[0].files[0].ContentType != "application/pdf" || len(sent[1].files) != 0 {
		t.Fatalf("sent %d mails", len(sent))
	}
	text := pdftest.Read(t, sent[0].files[0].Content).Text()
	if found := holds(text); len(found) > 0 || !strings.Contains(text, "It smells of toast") || !strings.Contains(text, "Unplug it") {
		t.Errorf("the PDF shows %q: %s", found, text)
	}
}

func TestColleaguesReadWhatAgentsAskedFor(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	v := r.account(chat.AccountMail, searchable(), "")
	r.run(r.end(sample("c", 1))[chat.EmailTranscript])
	r.run(r.ask("c", map[string]any{"to": "boss@example.com", "note": "As promised on the phone"}))
	r.run(r.ask("c", map[string]any{"to": "qa@acme.example", "audience": "internal"}))
	r.run(r.ask("c", map[string]any{"to": "ann@example.com"}))
	sent := v.things("message")
	if len(sent) != 4 {
		t.Fatalf("%d mails", len(sent))
	}
	const asked = "\nTranscript: mail · boss@example.com · for the customer · asked for by an agent · delivered · "
	if inside := sent[2].text; !strings.Contains(inside, asked) || strings.Contains(inside, "promised") {
		t.Errorf("the internal transcript says %s", inside)
	}
	for _, mail := range []thing{sent[0], sent[1], sent[3]} {
		if strings.Contains(mail.text, "asked for") || strings.Contains(mail.text, "Deliveries") || strings.Contains(mail.text, "boss@") {
			t.Errorf("the customer reads of the deliveries: %s", mail.text)
		}
	}
}

func TestATranscriptThatIsAskedForDoesNotGoWhereMailMayNotGo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	v := r.account(chat.AccountMail, searchable(), "")
	r.end(sample("c", 1))
	if err := r.store.Suppress(t.Context(), acme, chat.ChannelEmail, "boss@example.com", "bounce"); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"Boss@example.com", `"boss"@example.com`, `"b\oss"@Example.com`} {
		if d := r.run(r.ask("c", map[string]any{"to": to})); d.State != chat.Suppressed || d.Error != "bounce" {
			t.Errorf("%s: %s (%s)", to, d.State, d.Error)
		}
	}
	internal := r.ask("c", map[string]any{"to": "boss@work.example", "audience": "internal"})
	if err := r.take("chat:contact", map[string]any{"organization": acme, "conversation": "c", "id": "k", "email": "boss@work.example"}); err != nil {
		t.Fatal(err)
	}
	if d := r.run(internal); d.State != chat.Suppressed || d.Error != "internal_to_user" {
		t.Errorf("the address is the user's after all: %s (%s)", d.State, d.Error)
	}
	if sent := v.things("message"); len(sent) != 0 {
		t.Errorf("sent %+v", sent)
	}
}

// What was asked for waits, and meanwhile an address becomes known as the user's, of
// whatever episode.
func TestWhatIsInternalGoesToNoAddressOfTheUserWhicheverEpisodeThatIsOf(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	v := r.account(chat.AccountMail, searchable(), "")
	r.end(sample("c", 1))
	r.end(sample("c", 2))
	contact := r.ask("c", map[string]any{"to": "boss@work.example", "audience": "internal"})
	if err := r.take("chat:contact", map[string]any{"organization": acme, "conversation": "c", "id": "k", "episode": 1, "email": "Boss@work.example"}); err != nil {
		t.Fatal(err)
	}
	later := r.ask("c", map[string]any{"to": "home@example.com", "audience": "internal"})
	s := sample("c", 3)
	s.User.Email = "home+chat@example.com"
	r.end(s)
	for _, id := range []chat.Key{contact, later} {
		if d := r.run(id); d.State != chat.Suppressed || d.Error != "internal_to_user" {
			t.Errorf("%s (%s)", d.State, d.Error)
		}
	}
	if sent := v.things("message"); len(sent) != 0 {
		t.Errorf("sent %+v", sent)
	}
}

// A customer gets one transcript of an episode, however often and by which door its end
// and the contact data come, and however often its delivery is woken.
func TestACustomerGetsOneTranscriptOfAnEpisode(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	v := r.account(chat.AccountMail, searchable(), "")
	s := sample("c", 1)
	again := func() chat.Key {
		t.Helper()
		id := r.end(s)[chat.EmailTranscript]
		body, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		task := map[string]any{}
		if err := json.Unmarshal(body, &task); err != nil {
			t.Fatal(err)
		}
		task["organization"], task["conversation"] = acme, "c"
		if err := r.take("chat:ended", task); err != nil {
			t.Fatal(err)
		}
		for _, k := range []string{"k1", "k2"} {
			if err := r.take("chat:contact", map[string]any{"organization": acme, "conversation": "c", "id": k, "email": k + "@example.com"}); err != nil {
				t.Fatal(err)
			}
		}
		return id
	}
	v.mishaps = []mishap{lost()} // the answer to the first sending is lost: it is looked for, and found
	id := again()
	r.run(id)
	r.age(id, time.Hour)
	for range 3 {
		if again() != id {
			t.Error("the end has another transcript")
		}
		r.run(id)
	}
	// Rules that changed since plan nothing more for it.
	r.organization().Transcripts = append(r.organization().Transcripts, r.organization().Transcripts[0])
	r.organization().Transcripts[1].To = "late@example.com"
	again()
	var transcripts int
	all, err := r.store.Deliveries(t.Context(), acme, "c")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if d.Action == chat.EmailTranscript {
			transcripts++
			r.run(d.ID)
		}
	}
	if sent := v.things("message"); len(sent) != 1 || transcripts != 1 || r.see(id).State != chat.Delivered {
		t.Errorf("%d transcripts, %d mails: %+v", transcripts, len(sent), r.see(id))
	}
}
