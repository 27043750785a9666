package templates

import (
	"strings"
	"testing"
)

func TestATestIsMarkedInEveryFormWhateverTheTemplate(t *testing.T) {
	t.Parallel()
	w := renderer(t).words(english)
	for name, html := range map[string]string{
		"a body": "<html><BODY class='x'>Hello</body></html>", "two": "<body><p>&lt;body&gt; Hello</p></body>", "none": "<p>Hello</p>", "nothing": "",
	} {
		m := w.forTest(Mail{Subject: "Your chat", Text: "Hello", HTML: html})
		if m.Subject != "[Test] Your chat" || m.Text != w.TestBanner+"\n\nHello" {
			t.Errorf("%s: %+v", name, m)
		}
		banner, hello := strings.Index(m.HTML, w.TestBanner), strings.Index(m.HTML, "Hello")
		if strings.Count(m.HTML, w.TestBanner) != 1 || hello >= 0 && banner > hello || strings.HasPrefix(strings.ToLower(html), "<html") && !strings.HasPrefix(m.HTML, "<html><BODY class='x'><p ") {
			t.Errorf("%s: %s", name, m.HTML)
		}
	}
}

func TestATestSaysSoInItsReadersLanguage(t *testing.T) {
	t.Parallel()
	r, s := renderer(t), sample()
	for locale, want := range map[string]string{"sv-SE": "Det här är ett test", "ar": "هذه رسالة تجريبية", "": "This is a test"} {
		s.User.Locale = locale
		for _, o := range []Options{{Locale: locale, Test: true}, {Locale: locale, Test: true, BodyLimit: 3000}, {Locale: locale}} {
			customer, err := r.TranscriptForCustomer(ForCustomer(s, o))
			if err != nil {
				t.Fatal(err)
			}
			internal, err := r.TranscriptForInternal(ForInternal(s, o))
			if err != nil {
				t.Fatal(err)
			}
			documents := map[string]Document{"customer": r.DocumentForCustomer(ForCustomer(s, o)), "internal": r.DocumentForInternal(ForInternal(s, o))}
			for audience, m := range map[string]Mail{"customer": customer, "internal": internal} {
				d := documents[audience]
				pages, err := r.PrintHTML(d)
				if err != nil {
					t.Fatal(err)
				}
				_, first, _ := strings.Cut(pages, "<body>")
				marks := []bool{
					strings.HasPrefix(m.Subject, testPrefix), strings.HasPrefix(m.Text, want), strings.Contains(m.HTML, want),
					strings.HasPrefix(d.Title, testPrefix), strings.HasPrefix(d.Banner, want), strings.HasPrefix(first, "<p ") && strings.Contains(first, want),
				}
				for _, marked := range marks {
					if marked != o.Test {
						t.Errorf("%s in %q: marked in subject, text, HTML, and three times in the pages: %v, want %t", audience, locale, marks, o.Test)
					}
				}
			}
		}
	}
}
