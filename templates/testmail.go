package templates

import (
	htmltemplate "html/template"
	"regexp"
)

// ForTest returns the mail marked as a test, in its subject and above everything in each
// form, whatever template it was made with.
func (m Mail) ForTest() Mail {
	m.Subject = testPrefix + m.Subject
	m.Text = testBanner + "\n\n" + m.Text
	at := 0
	if body := bodyTag.FindStringIndex(m.HTML); body != nil {
		at = body[1]
	}
	m.HTML = m.HTML[:at] + `<p dir="ltr" lang="en" style="margin:0;padding:10px 16px;background:#b91c1c;color:#ffffff;font:600 15px/1.4 sans-serif;text-align:center">` +
		htmltemplate.HTMLEscapeString(testBanner) + "</p>" + m.HTML[at:]
	return m
}

// It is for the operator who asked for it, and so in the language of the command line.
const (
	testPrefix = "[Test] "
	testBanner = "This is a test: nobody chatted, or not just now."
)

var bodyTag = regexp.MustCompile(`(?i)<body\b[^>]*>`)
