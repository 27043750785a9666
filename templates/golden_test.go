package templates

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/afterchat/afterchat/internal/chat"
)

var update = flag.Bool("update", false, "write the golden files")

func TestGolden(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	s, o := sample(), sampleOptions(t)
	customer, internal := ForCustomer(s, o), ForInternal(s, o)

	subject, body, err := r.TicketForCustomer(customer)
	golden(t, "ticket_customer.txt", subject+"\n\n"+body, err)
	subject, body, err = r.TicketForInternal(internal)
	golden(t, "ticket_internal.txt", subject+"\n\n"+body, err)
	text, err := r.Notes(internal)
	golden(t, "notes.txt", text, err)
	text, err = r.LateNote(internal, chat.Note{ID: "n3", At: s.EndedAt.Add(3 * time.Hour), Agent: "a_2", Text: "Called back.\nAll is well."})
	golden(t, "late_note.txt", text, err)
	text, err = r.Amendment(chat.Contact{
		Name: "Ann Lee", Email: "ann@example.com", Phone: "+46701234567",
		Answers: []chat.Answer{{Key: "when", Label: "Best time to call?", Value: "Mornings,\nnot Mondays"}},
	}, o.Locale)
	golden(t, "amendment.txt", text, err)
	mail, err := r.TranscriptForCustomer(customer)
	goldenMail(t, "transcript_customer", mail, err)
	mail, err = r.TranscriptForInternal(internal)
	goldenMail(t, "transcript_internal", mail, err)
	text, err = r.PrintHTML(r.DocumentForCustomer(customer))
	golden(t, "print_customer.html", text, err)
	text, err = r.PrintHTML(r.DocumentForInternal(internal))
	golden(t, "print_internal.html", text, err)
	customer.NoPDF = true
	mail, err = r.TranscriptForCustomer(customer)
	goldenMail(t, "transcript_without_pdf", mail, err)

	link := LinkView{
		Brand: o.Brand, Purpose: "resume", URL: "https://chat.acme.example/r/4fGh7Kq2LmN8pRs3TuV6wX",
		ExpiresAt: s.EndedAt.Add(7 * 24 * time.Hour), Locale: o.Locale, Location: o.Location,
	}
	text, err = r.LinkSMS(link)
	golden(t, "link_sms.txt", text, err)
	mail, err = r.LinkMail(link)
	goldenMail(t, "link_mail", mail, err)
	for _, state := range []string{"open", "expired", "revoked", "unknown"} {
		var page bytes.Buffer
		err = r.LinkPage(&page, LinkPage{Brand: o.Brand, Locale: o.Locale, State: state, Action: "/r/4fGh7Kq2LmN8", Target: "https://acme.example/chat"})
		golden(t, "link_page_"+state+".html", page.String(), err)
	}
	var page bytes.Buffer
	err = r.Pane(&page, samplePane(s, o))
	golden(t, "pane.html", page.String(), err)
}

func goldenMail(t *testing.T, name string, m Mail, err error) {
	t.Helper()
	golden(t, name+".txt", "Subject: "+m.Subject+"\n\n"+m.Text, err)
	golden(t, name+".html", m.HTML, err)
}

func golden(t *testing.T, name, got string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is not what it was; go test ./templates -update writes it anew (-want +got):\n%s", name, diff)
	}
}

func TestGoldenInOtherLanguages(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	for _, locale := range []string{"sv", "de-AT", "pl", "ja", "ar"} {
		s, o := sample(), sampleOptions(t)
		s.User.Locale, o.Locale = locale, locale
		mail, err := r.TranscriptForCustomer(ForCustomer(s, o))
		golden(t, "transcript_customer_"+locale+".txt", "Subject: "+mail.Subject+"\n\n"+mail.Text, err)
		mail, err = r.TranscriptForInternal(ForInternal(s, o))
		golden(t, "transcript_internal_"+locale+".txt", "Subject: "+mail.Subject+"\n\n"+mail.Text, err)
	}
}
