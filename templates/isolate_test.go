package templates

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/chat"
)

// In Arabic, whatever people typed keeps its own order of quotes, dots and strokes: it
// stands by itself in each sentence, by an element in HTML and by two marks elsewhere.
func TestWhatPeopleTypedIsIsolatedInARightToLeftTranscript(t *testing.T) {
	t.Parallel()
	const name, product, file, answer = `Ünï "Lee", 😀`, "Pro (3)!", "../../etc/passwd", "A-1 (b)."
	s := chat.Snapshot{
		ID: "c_1", Product: product, Locale: "ar", User: chat.User{ID: "u", Name: name, Email: "ann@example.com"},
		Agents: []chat.Agent{{ID: "a", Name: "Bo!", DisplayName: "Bo!"}},
		Messages: []chat.Message{
			{Author: chat.Author{Kind: chat.AuthorUser}, Text: "Hi.", Attachments: []chat.Attachment{{Name: file, Size: 9}}},
			{Author: chat.Author{Kind: chat.AuthorSystem}, Event: &chat.Event{Type: "joined", To: "a"}},
			{Author: chat.Author{Kind: chat.AuthorAgent, ID: "a"}, Text: "Hi."},
		},
		Form:  []chat.Answer{{Label: "Order?", Value: answer}},
		Flags: []chat.Flag{{Code: "x.", Reason: "Because (!)", Evidence: "smoke."}},
	}
	r, o := renderer(t), Options{Brand: Brand{Organization: "Acme Inc."}, Locale: "ar", TicketID: "35."}
	customer, internal := ForCustomer(s, o), ForInternal(s, o)
	typed := []string{name, product, file, "Bo!", answer, "Order?", "35.", "Acme Inc."}
	for audience, render := range map[string]func() (Mail, error){
		"customer": func() (Mail, error) { return r.TranscriptForCustomer(customer) },
		"internal": func() (Mail, error) { return r.TranscriptForInternal(internal) },
	} {
		m, err := render()
		if err != nil {
			t.Fatal(err)
		}
		all := slices.Clone(typed)
		if audience == "internal" { // whose subject names no organization
			all = append(all[:len(all)-1], "Because (!)", "smoke.", "x.")
		}
		_, body, _ := strings.Cut(m.HTML, "<h1")
		for _, what := range all {
			escaped := strings.NewReplacer(`"`, "&#34;").Replace(what)
			alone(t, audience+"'s HTML", body, escaped, "<bdi>", "</bdi>")
			alone(t, audience+"'s text", m.Subject+"\n"+m.Text, what, isolateStart, isolateEnd)
		}
		if strings.ContainsAny(body, isolateStart+isolateEnd) {
			t.Errorf("%s's HTML has marks instead of elements", audience)
		}
		if strings.Count(body, "<bdi>") != strings.Count(body, "</bdi>") {
			t.Errorf("%s's HTML has <bdi> open", audience)
		}
	}
	for audience, d := range map[string]Document{"customer": r.DocumentForCustomer(customer), "internal": r.DocumentForInternal(internal)} {
		page, err := r.PrintHTML(d)
		if err != nil {
			t.Fatal(err)
		}
		_, body, _ := strings.Cut(page, "<h1")
		for _, what := range typed[:len(typed)-1] {
			alone(t, audience+"'s page", body, strings.NewReplacer(`"`, "&#34;").Replace(what), "<bdi>", "</bdi>")
			d.Title += "\n" + strings.Join(d.Lead, "\n")
			alone(t, audience+"'s document", d.Title+"\n"+lines(d), what, isolateStart, isolateEnd)
		}
	}
}

// alone checks that something is there, and that it stands between two marks wherever it is.
func alone(t *testing.T, where, out, what, start, end string) {
	t.Helper()
	found := 0
	for at := 0; ; {
		i := strings.Index(out[at:], what)
		if i < 0 {
			break
		}
		at += i + len(what)
		found++
		before := strings.TrimSuffix(out[:at-len(what)], `&nbsp;`)
		if strings.HasSuffix(before, `alt="`) || strings.HasSuffix(before, "-- \n") {
			continue
		}
		if !strings.HasSuffix(before, start) || !strings.HasPrefix(out[at:], end) {
			t.Errorf("%s: %q is not isolated in %q", where, what, out[max(at-len(what)-40, 0):min(at+20, len(out))])
		}
	}
	if found == 0 {
		t.Errorf("%s: %q is not there", where, what)
	}
}

// lines are a document's texts in which something is put into a sentence.
func lines(d Document) string {
	var b strings.Builder
	for _, s := range d.Sections {
		for _, f := range s.Facts {
			fmt.Fprintf(&b, "%s: %s\n", f.Label, f.Value)
		}
		for _, p := range s.Parts {
			fmt.Fprintln(&b, p.Event)
			if p.Said != nil {
				for _, f := range p.Said.Files {
					fmt.Fprintln(&b, f.Line)
				}
			}
		}
	}
	return b.String()
}
