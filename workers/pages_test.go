package workers_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/pdf"
	"github.com/afterchat/afterchat/internal/pdf/pdftest"
	"github.com/afterchat/afterchat/templates"
	"github.com/afterchat/afterchat/workers"
)

// withoutPDF is what a mail says that comes without the PDF that it was to have.
const withoutPDF = "it could not be included"

func TestAPDFComesWithTheTranscriptAndShowsWhatItsAudienceMaySee(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.organization().Transcripts = []config.TranscriptRule{
		{To: "user", Audience: chat.Customer, PDF: true}, {To: "qa@acme.example", Audience: chat.Internal, PDF: true}, {To: "boss@acme.example", Audience: chat.Internal},
	}
	v := r.account(chat.AccountMail, searchable(), "")
	r.end(sample("c/1", 1))
	r.mailAll("c/1")
	sent := v.things("message")
	if len(sent) != 3 {
		t.Fatalf("%d mails", len(sent))
	}
	for _, m := range sent {
		if m.on == "boss@acme.example" {
			if len(m.files) != 0 {
				t.Error("a PDF that nobody asked for")
			}
			continue
		}
		if len(m.files) != 1 || m.files[0].Name != "conversation-c_1.pdf" || m.files[0].ContentType != "application/pdf" {
			t.Fatalf("files: %d", len(m.files))
		}
		text := pdftest.Read(t, m.files[0].Content).Text()
		switch found := holds(text); {
		case !strings.Contains(text, "It smells of toast"):
			t.Error("a message is missing")
		case m.on == "ann@example.com" && len(found) > 0:
			t.Errorf("the customer reads %q", found)
		case m.on == "qa@acme.example" && len(found) != len(private()):
			t.Errorf("the colleagues read %q alone", found)
		}
		if strings.Contains(m.text, withoutPDF) {
			t.Error("the mail says that the PDF is missing")
		}
	}
}

func TestAnImageOfAChatIsInItsPDF(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.organization().Transcripts[0].PDF = true
	r.organization().Mail.Attachments = config.Attachments{Inline: 10_000}
	url, _ := r.files(map[string]http.HandlerFunc{"/1.png": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(photo(500)) }})
	v := r.account(chat.AccountMail, searchable(), "")
	s := sample("c", 1)
	s.Messages[0].Attachments = []chat.Attachment{{ID: "f1", Name: "toast.png", URL: url + "/1.png"}}
	r.run(r.end(s)[chat.EmailTranscript])
	sent := v.things("message")
	if len(sent) != 1 || len(sent[0].files) != 2 {
		t.Fatalf("%d mails", len(sent))
	}
	f := pdftest.Read(t, sent[0].files[0].Content)
	if len(f.Pictures) != 1 || !strings.Contains(f.Text(), "toast.png") {
		t.Errorf("%d pictures in %s", len(f.Pictures), f.Text())
	}
}

// bulky makes a PDF of so many bytes.
type bulky struct{ size int }

func (b bulky) Make(context.Context, templates.Document) (pdf.PDF, error) {
	return pdf.PDF{Content: make([]byte, b.size)}, nil
}

// broken makes no PDF, for a reason.
type broken struct{ err error }

func (b broken) Make(context.Context, templates.Document) (pdf.PDF, error) { return pdf.PDF{}, b.err }

func TestAPDFThatCannotBeMadeDoesNotHoldUpTheMail(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err    *fault.Error
		states []chat.State // after each try
	}{
		"for good: the mail goes at once":                  {fault.New(fault.Invalid, "pdf_too_large", ""), []chat.State{chat.Delivered}},
		"for lack of time: it goes after a few more tries": {fault.New(fault.Transient, "pdf_busy", ""), []chat.State{chat.Pending, chat.Pending, chat.Delivered}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.worker.Printer = broken{c.err}
			r.organization().Transcripts[0].PDF = true
			v := r.account(chat.AccountMail, blind(), "")
			id := r.end(sample("c", 1))[chat.EmailTranscript]
			var states []chat.State
			for range c.states {
				states = append(states, r.run(id).State)
				r.age(id, 24*time.Hour)
			}
			if !slices.Equal(states, c.states) {
				t.Errorf("%v, want %v", states, c.states)
			}
			sent := v.things("message")
			if len(sent) != 1 || len(sent[0].files) != 0 || strings.Count(sent[0].text, withoutPDF) != 2 {
				t.Errorf("sent: %+v", sent)
			}
		})
	}
}

func TestAPDFsNameIsOneThatEverySystemTakes(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		"c_8412": "conversation-c_8412.pdf", "a/b\\..\r\n: é": "conversation-a_b_.._____.pdf",
		strings.Repeat("x", 300): "conversation-" + strings.Repeat("x", 80) + ".pdf",
	} {
		if got := workers.PDFName(number); got != want {
			t.Errorf("%q is named %q, want %q", number, got, want)
		}
	}
}

func TestAMailThatIsTooLargeForItsServerGoesWithoutItsPDF(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.organization().Transcripts = []config.TranscriptRule{{To: "user", Audience: chat.Customer, PDF: true}}
	v := r.account(chat.AccountMail, blind(), "")
	v.most = 100
	if d := r.run(r.end(sample("c", 1))[chat.EmailTranscript]); d.State != chat.Delivered || len(d.Tries) != 1 {
		t.Fatalf("%s (%s) after %d tries", d.State, d.Error, len(d.Tries))
	}
	sent := v.things("message")
	if len(sent) != 1 || len(sent[0].files) != 0 || !strings.Contains(sent[0].text, withoutPDF) || !strings.Contains(sent[0].text, "It smells of toast") {
		t.Errorf("sent: %+v", sent)
	}
}
