package templates

import (
	"archive/zip"
	"bytes"
	"fmt"
	"html"
	"io/fs"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/afterchat/afterchat/internal/chat"
)

// numbered is a chat of n messages, each with a text that no other has.
func numbered(n int) chat.Snapshot {
	s := long(n)
	for i := range s.Messages {
		s.Messages[i].Text = fmt.Sprintf("message number %d, and then <some> more words", i+1)
	}
	return s
}

// both renders a transcript for both audiences.
func both(t *testing.T, s chat.Snapshot, o Options) map[string]Mail {
	t.Helper()
	return bothBy(t, renderer(t), s, o)
}

func bothBy(t *testing.T, r *Renderer, s chat.Snapshot, o Options) map[string]Mail {
	t.Helper()
	customer, err := r.TranscriptForCustomer(ForCustomer(s, o))
	if err != nil {
		t.Fatal(err)
	}
	internal, err := r.TranscriptForInternal(ForInternal(s, o))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]Mail{"customer": customer, "internal": internal}
}

func TestALongMailHasItsFirstPartSaysSoAndTheWholeAttached(t *testing.T) {
	t.Parallel()
	const total = 1234
	s, o := numbered(total), sampleOptions(t)
	uncut := both(t, s, o)
	o.BodyLimit = 60_000
	for audience, m := range both(t, s, o) {
		if len(m.HTML) > o.BodyLimit || len(m.Text) > o.BodyLimit {
			t.Errorf("%s: %d bytes of HTML and %d of text", audience, len(m.HTML), len(m.Text))
		}
		checkHTML(t, m.HTML)
		if len(m.Files) != 1 || m.Files[0].Name != "conversation.txt" || m.Files[0].ContentType != "text/plain" || string(m.Files[0].Content) != uncut[audience].Text {
			t.Fatalf("%s: what is attached is not the whole text", audience)
		}
		for form, out := range map[string]string{"text": m.Text, "HTML": strings.ReplaceAll(html.UnescapeString(m.HTML), `">message`, bar+"message")} {
			shown := strings.Count(out, bar+"message number ")
			if shown < 50 || shown >= total || !strings.Contains(out, fmt.Sprintf("message number %d, and then <some> more words", shown)) {
				t.Errorf("%s, %s: %d messages, or the last one is cut", audience, form, shown)
			}
			if says := fmt.Sprintf("The first %d of 1234 messages. The whole chat is in the attached file conversation.txt.", shown); strings.Count(out, says) != 2 {
				t.Errorf("%s: the %s does not say before and after the messages: %s", audience, form, says)
			}
		}
		for _, kept := range []string{"Chat number", "c_8412", "Answers", "A-1007"} {
			if !strings.Contains(m.Text, kept) || !strings.Contains(m.HTML, kept) {
				t.Errorf("%s: %q is not kept", audience, kept)
			}
		}
		if audience == "internal" && !strings.Contains(m.Text, "Conversation: 1234 messages\n") {
			t.Error("colleagues do not read how long the chat was")
		}
		if internal := audience == "internal"; strings.Contains(m.Text, "Boiler replaced in May") != internal {
			t.Errorf("%s: the notes are there: %t", audience, !internal)
		}
	}
}

func TestWhatFitsIsNotCut(t *testing.T) {
	t.Parallel()
	s, o := numbered(40), sampleOptions(t)
	for audience, uncut := range both(t, s, o) {
		exact := o
		exact.BodyLimit = max(len(uncut.HTML), len(uncut.Text))
		if m := both(t, s, exact)[audience]; m.HTML != uncut.HTML || m.Text != uncut.Text || len(m.Files) != 0 {
			t.Errorf("%s: a mail that is just as long as it may be is cut", audience)
		}
		exact.BodyLimit--
		if m := both(t, s, exact)[audience]; len(m.Files) != 1 || len(m.HTML) > exact.BodyLimit {
			t.Errorf("%s: a byte too much is not cut", audience)
		}
	}
}

func TestAMessageThatIsTooLongByItselfIsCutAndAttachedWhole(t *testing.T) {
	t.Parallel()
	s, o := numbered(3), sampleOptions(t)
	huge := strings.Repeat("coffee ", 60_000)
	const cut = "A message is too long for this mail and is cut. The whole chat is in the attached file conversation.txt."
	for first, want := range map[int]string{0: cut, 2: "The first 2 of 3 messages. " + cut} {
		s := s
		s.Messages = append([]chat.Message(nil), s.Messages...)
		s.Messages[first].Text = huge
		o.BodyLimit = 200 << 10
		for audience, m := range both(t, s, o) {
			if len(m.HTML) > o.BodyLimit || len(m.Text) > o.BodyLimit || len(m.Files) != 1 || !strings.Contains(string(m.Files[0].Content), strings.TrimSpace(huge)) {
				t.Errorf("%s: %d bytes of HTML, %d of text, %d files", audience, len(m.HTML), len(m.Text), len(m.Files))
			}
			checkHTML(t, m.HTML)
			for form, out := range map[string]string{"text": m.Text, "HTML": m.HTML} {
				if n := strings.Count(out, "coffee"); n < 5_000 || strings.Count(out, " […]") != 1 {
					t.Errorf("%s: the %s holds %d words of the message, or does not mark where it is cut", audience, form, n)
				}
			}
			if !strings.Contains(m.Text, want) || !strings.Contains(m.HTML, want) {
				t.Errorf("%s: the mail does not say %q", audience, want)
			}
		}
	}
}

func TestAnOwnTemplateThatDoesNotKnowOfALimitDoesNotCutInSilence(t *testing.T) {
	t.Parallel()
	o, problems := ReadOverrides(folder(map[string]string{
		"transcript/customer.html": "<html><body>{{.Messages}}</body></html>", "transcript/customer.txt": "{{.Messages}}",
	}))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	r := renderer(t).WithOverrides(map[string]Overrides{"acme": o}, func(_ string, p Problem) { t.Errorf("fell back: %s", p) }).For("acme")
	options := sampleOptions(t)
	options.BodyLimit = 20_000
	m, err := r.TranscriptForCustomer(ForCustomer(numbered(400), options))
	if err != nil {
		t.Fatal(err)
	}
	for form, out := range map[string]string{"text": m.Text, "HTML": m.HTML} {
		if n := strings.Count(out, "of 400 messages. The whole chat is in the attached file conversation.txt."); n != 1 {
			t.Errorf("the %s says %d times that it is cut", form, n)
		}
	}
	if !strings.HasSuffix(m.HTML, "</p>\n</body></html>") || len(m.Files) != 1 {
		t.Errorf("%d files; the HTML ends in %q", len(m.Files), m.HTML[max(len(m.HTML)-80, 0):])
	}
}

func TestBothFormsOfAMailEndAtTheSameMessageHoweverLongTheirFrames(t *testing.T) {
	t.Parallel()
	legal := strings.Repeat("Who reads this has a lot of time. ", 380)
	for name, own := range map[string]map[string]string{
		"a long text": {"transcript/customer.html": "<html><body>{{.Messages}}</body></html>", "transcript/customer.txt": "{{.Messages}}" + legal},
		"a long page": {"transcript/customer.html": "<html><body>{{.Messages}}" + legal + "</body></html>", "transcript/customer.txt": "{{.Messages}}"},
	} {
		o, problems := ReadOverrides(folder(own))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		r := renderer(t).WithOverrides(map[string]Overrides{"acme": o}, func(_ string, p Problem) { t.Errorf("fell back: %s", p) }).For("acme")
		for long := range 2 { // one message after the other, and one that is cut
			options, s := sampleOptions(t), numbered(400)
			options.BodyLimit = 20_000
			for i := range s.Messages {
				s.Messages[i].Text += strings.Repeat(" and smoke", 40)
			}
			s.Messages[5].Text = strings.Repeat("toast ", 1+long*10_000)
			for range long * 100 { // they go with the whole, not with a part of it
				s.Messages[5].Attachments = append(s.Messages[5].Attachments, chat.Attachment{Name: strings.Repeat("x", 100)})
			}
			m, err := r.TranscriptForCustomer(ForCustomer(s, options))
			if err != nil {
				t.Fatal(err)
			}
			if len(m.Text) > options.BodyLimit || len(m.HTML) > options.BodyLimit || max(len(m.Text), len(m.HTML)) < options.BodyLimit*3/4 {
				t.Errorf("%s: the text has %d bytes and the HTML %d", name, len(m.Text), len(m.HTML))
			}
			for _, word := range []string{"message number", "toast"} {
				if text, html := strings.Count(m.Text, word), strings.Count(m.HTML, word); text != html || text < 1+long*4 {
					t.Errorf("%s: the text has %q %d times and the HTML %d times", name, word, text, html)
				}
			}
		}
	}
}

func TestThatAMailIsCutIsSaidInEveryLanguage(t *testing.T) {
	t.Parallel()
	r, o := renderer(t), sampleOptions(t)
	for tag := range load(t) {
		for messages, limit := range map[int]int{400: 20_000, 399: 1} {
			s := numbered(messages)
			s.Locale, o.BodyLimit = tag, limit
			m, err := r.TranscriptForCustomer(ForCustomer(s, o))
			if err != nil {
				t.Fatal(err)
			}
			want := map[int]int{20_000: 2, 1: 1}[limit]
			if n, h := strings.Count(m.Text, "conversation.txt"), strings.Count(m.HTML, "conversation.txt"); n != want || h != want || strings.Contains(m.HTML, "<p ") {
				t.Errorf("%s, %d bytes: the text says it %d times, the HTML %d", tag, limit, n, h)
			}
			if strings.Contains(m.Text, "{shown}") || strings.Contains(m.Text, "{messages}") {
				t.Errorf("%s: a value is not filled in", tag)
			}
		}
	}
}

func TestHowTheWholeGoesIsSaidInEveryLanguage(t *testing.T) {
	t.Parallel()
	r, s, o := renderer(t), numbered(100), sampleOptions(t)
	o.BodyLimit = 20_000
	for tag, w := range load(t) {
		s.User.Locale, o.Locale = tag, tag
		for whole, test := range map[Whole]struct{ file, says string }{
			WholeAttached: {"conversation.txt", fill(w.WholeIn, "{file}", w.isolate("conversation.txt"))},
			WholeZipped:   {"conversation.zip", fill(w.WholeIn, "{file}", w.isolate("conversation.zip"))},
			WholeLeftOut:  {"", w.WholeLeftOut},
		} {
			o.Whole = whole
			for audience, m := range bothBy(t, r, s, o) {
				attached := ""
				for _, f := range m.Files {
					attached += f.Name
				}
				if attached != test.file {
					t.Errorf("%s, %s: attached is %q, not %q", tag, audience, attached, test.file)
				}
				if n := strings.Count(m.Text, test.says); n != 2 || test.file == "" && strings.Count(m.HTML, test.says) != 2 {
					t.Errorf("%s, %s: it is not said twice: %s", tag, audience, test.says)
				}
				for _, name := range []string{"conversation.txt", "conversation.zip"} {
					want := 0
					if name == test.file {
						want = 2
					}
					if n, h := strings.Count(m.Text, name), strings.Count(m.HTML, name); n != want || h != want {
						t.Errorf("%s, %s: the text names %s %d times, the HTML %d times, not %d", tag, audience, name, n, h, want)
					}
				}
			}
		}
	}
}

func TestThePackedWholeIsOneTextOfWhenTheChatEnded(t *testing.T) {
	t.Parallel()
	s, o := numbered(1234), sampleOptions(t)
	uncut := both(t, s, o)
	o.BodyLimit, o.Whole = 60_000, WholeZipped
	for audience, m := range both(t, s, o) {
		if len(m.Files) != 1 || m.Files[0].Name != "conversation.zip" || m.Files[0].ContentType != "application/zip" {
			t.Fatalf("%s: %d files", audience, len(m.Files))
		}
		packed := m.Files[0].Content
		archive, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
		if err != nil || len(archive.File) != 1 {
			t.Fatalf("%s: %v", audience, err)
		}
		f := archive.File[0]
		if f.Name != "conversation.txt" || !f.Modified.Equal(s.EndedAt) {
			t.Errorf("%s: %s of %s, and the chat ended %s", audience, f.Name, f.Modified, s.EndedAt)
		}
		if text, err := fs.ReadFile(archive, "conversation.txt"); err != nil || string(text) != uncut[audience].Text {
			t.Errorf("%s: what is packed is not the whole text: %v", audience, err)
		}
		if len(packed) > len(uncut[audience].Text)/5 {
			t.Errorf("%s: of %d bytes there are %d", audience, len(uncut[audience].Text), len(packed))
		}
	}
}

// Every kind of text is cut between two characters, and leaves both forms within the limit.
func TestAnOverlongMessageIsCutBetweenTwoCharacters(t *testing.T) {
	t.Parallel()
	for name, piece := range map[string]string{
		"words": "coffee and tea ", "markup": "<&>\"'", "lines": "a\n", "spaces": "a      b\t", "Chinese": "咖啡", "families": "👩‍👩‍👧 ", "flags": "👩‍🚒", "Arabic": "قهوة ", "one letter": "x",
	} {
		s, o := numbered(1), sampleOptions(t)
		for limit, size := range map[int]int{20_000: 1 << 20, 20_001: 1 << 17, 20_002: 1 << 17, 20_003: 1 << 17, 100_000: 1 << 18} {
			s.Messages[0].Text = strings.Repeat(piece, size/len(piece))
			o.BodyLimit = limit
			began := time.Now()
			for audience, m := range both(t, s, o) {
				if len(m.HTML) > limit || len(m.Text) > limit || len(m.Files) != 1 || !utf8.ValidString(m.HTML) || !utf8.ValidString(m.Text) {
					t.Errorf("%s, %s: %d bytes of HTML, %d of text, of %d", name, audience, len(m.HTML), len(m.Text), limit)
				}
				for form, out := range map[string]string{"text": m.Text, "HTML": m.HTML} {
					before, _, marked := strings.Cut(out, cutMark)
					if !marked || !strings.HasSuffix(html.UnescapeString(before), strings.TrimRight(piece, " \t\n")) && name != "words" && name != "markup" && name != "spaces" && name != "Arabic" && name != "Chinese" {
						t.Errorf("%s, %s, %s: cut in %q", name, audience, form, before[max(len(before)-20, 0):])
					}
				}
				if max(len(m.HTML), len(m.Text)) < limit*3/4 {
					t.Errorf("%s, %s: only %d and %d of %d bytes are used", name, audience, len(m.HTML), len(m.Text), limit)
				}
			}
			if took := time.Since(began); took > time.Minute { // a second or two, if it is linear
				t.Errorf("%s: it took %s", name, took)
			}
		}
	}
}
