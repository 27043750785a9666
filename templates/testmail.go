package templates

import (
	htmltemplate "html/template"
	"regexp"
)

// forTest returns the mail marked as a test, in its subject and above everything in each
// form, whatever template it was made with.
func (w *words) forTest(m Mail) Mail {
	m.Subject = testPrefix + m.Subject
	m.Text = w.TestBanner + "\n\n" + m.Text
	m.HTML = bannered(m.HTML, w.Lang, w.Dir, w.TestBanner)
	return m
}

// testDocument marks a document likewise.
func (w *words) testDocument(d Document) Document {
	d.Title = testPrefix + d.Title
	d.Banner = w.TestBanner
	return d
}

// bannered returns HTML with a banner above everything else.
func bannered(html, lang, dir, banner string) string {
	at := 0
	if body := bodyTag.FindStringIndex(html); body != nil {
		at = body[1]
	}
	return html[:at] + `<p lang="` + lang + `" dir="` + dir + `" style="margin:0;padding:10px 16px;background:#b91c1c;color:#ffffff;font:600 15px/1.4 sans-serif;text-align:center">` +
		htmltemplate.HTMLEscapeString(banner) + "</p>" + html[at:]
}

// testPrefix is the same in every language, for filters that sort tests out.
const testPrefix = "[Test] "

var bodyTag = regexp.MustCompile(`(?i)<body\b[^>]*>`)
