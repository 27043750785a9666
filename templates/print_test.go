package templates

import (
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/chat"
)

func TestADocumentIsPrintedInItsLanguagesDirection(t *testing.T) {
	t.Parallel()
	s := sample()
	s.Locale, s.User.Locale = "ar", "ar"
	r := renderer(t)
	html, err := r.PrintHTML(r.DocumentForCustomer(ForCustomer(s, sampleOptions(t))))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(html, `<html lang="ar" dir="rtl">`) {
		t.Errorf("no rtl in %.200s", html)
	}
}

func TestAPrintedPageHasNoWayOut(t *testing.T) {
	t.Parallel()
	s := sample()
	s.Messages = []chat.Message{{ID: "m1", At: s.StartedAt, Author: chat.Author{Kind: chat.AuthorUser}, Text: `<img src=x onerror=alert(1)><script>alert(1)</script>"'&` + "\n</div></body>"}}
	r := renderer(t)
	html, err := r.PrintHTML(r.DocumentForInternal(ForInternal(s, sampleOptions(t))))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(html, `content="default-src &#39;none&#39;; img-src data:; style-src &#39;unsafe-inline&#39;"`) {
		t.Error("there is no policy")
	}
	if !strings.Contains(html, "&lt;script&gt;alert(1)&lt;/script&gt;") || strings.Contains(html, "<script") || strings.Contains(html, "<img") || strings.Count(html, "</body>") != 1 {
		t.Error("what somebody wrote became markup")
	}
}

func TestADocumentHasWhatTheTextHas(t *testing.T) {
	t.Parallel()
	s, r := sample(), renderer(t)
	v := ForInternal(s, sampleOptions(t))
	d := r.DocumentForInternal(v)
	html, err := r.PrintHTML(d)
	if err != nil {
		t.Fatal(err)
	}
	said := 0
	for _, section := range d.Sections {
		for _, p := range section.Parts {
			if p.Said != nil {
				said++
			}
		}
	}
	want := len(s.Notes)
	for _, m := range s.Messages {
		if m.Event == nil {
			want++
			for line := range strings.SplitSeq(block(m.Text), "\n") {
				var escaped strings.Builder
				writeEscaped(&escaped, line)
				if !strings.Contains(html, escaped.String()) {
					t.Errorf("%q is not printed", line)
				}
			}
		}
	}
	if said != want {
		t.Errorf("%d messages and notes, want %d", said, want)
	}
}

func TestAPictureIsInThePageItself(t *testing.T) {
	t.Parallel()
	s, r := sample(), renderer(t)
	v := ForCustomer(s, sampleOptions(t))
	v.Entries[1].Files[0].CID, v.Entries[1].Files[1].CID = "one", "two"
	d := r.DocumentForCustomer(v)
	d.Pictures = map[string]Picture{"one": {"image/png", []byte("PNG")}, "two": {`text/html"onerror="`, []byte("x")}}
	html, err := r.PrintHTML(d)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(html, "<img") != 1 || !strings.Contains(html, `<img alt="" src="data:image/png;base64,UE5H">`) || strings.Contains(html, "onerror") {
		t.Error("the picture is not there, or something else is")
	}
}
