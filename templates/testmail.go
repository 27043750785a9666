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
	at := 0
	if body := bodyTag.FindStringIndex(m.HTML); body != nil {
		at = body[1]
	}
	m.HTML = m.HTML[:at] + `<p lang="` + w.Lang + `" dir="` + w.Dir + `" style="margin:0;padding:10px 16px;background:#b91c1c;color:#ffffff;font:600 15px/1.4 sans-serif;text-align:center">` +
		htmltemplate.HTMLEscapeString(w.TestBanner) + "</p>" + m.HTML[at:]
	return m
}

// testPrefix is the same in every language, for filters that sort tests out.
const testPrefix = "[Test] "

var bodyTag = regexp.MustCompile(`(?i)<body\b[^>]*>`)
