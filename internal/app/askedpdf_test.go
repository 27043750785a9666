package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/pdf/pdftest"
	"github.com/afterchat/afterchat/internal/standin"
)

func TestAPDFThatAnAgentAsksForArrivesWithTheMail(t *testing.T) {
	t.Parallel()
	// The race detector makes a PDF of so much text a matter of many seconds.
	r := newRig(t, func(config string) string { return strings.Replace(config, "lease: 5s", "lease: 2m", 1) })
	s := standin.Chat(3)
	// So long a chat is nothing for Chromium, whose PDFs this test cannot read.
	s.Messages[0].Text = "It smells of toast. " + strings.Repeat("Really. ", 9000)
	if code := r.call(http.MethodPost, "/v1/conversations/"+s.ID+"/end", s, nil); code != http.StatusAccepted {
		t.Fatalf("end: %d", code)
	}
	r.settled(s.ID)
	if code := r.call(http.MethodPost, "/v1/conversations/"+s.ID+"/transcripts", map[string]any{"to": "boss@example.com", "pdf": true}, nil); code != http.StatusAccepted {
		t.Fatalf("ask: %d", code)
	}
	r.settled(s.ID)
	mails := r.vendors.Mail.Messages()
	if len(mails) != 2 {
		t.Fatalf("%d mails", len(mails))
	}
	for _, mail := range mails {
		m, err := mail.Read()
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, f := range m.Files {
			if f.ContentType != "application/pdf" {
				continue
			}
			found++
			text := pdftest.Read(t, f.Content).Text()
			for _, message := range s.Messages[1:] {
				if first, _, _ := strings.Cut(message.Text, " "); !strings.Contains(text, first) {
					t.Errorf("the PDF lacks %q", first)
				}
			}
			if !strings.Contains(text, "It smells of toast") {
				t.Error("the PDF lacks the first message")
			}
		}
		if asked := mail.To == "boss@example.com"; asked != (found == 1) {
			t.Errorf("%d PDFs, and it was asked for: %t", found, asked)
		}
	}
}
