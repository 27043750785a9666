package templates

import (
	"strings"
	"testing"
)

func TestATestIsMarkedInEveryFormWhateverTheTemplate(t *testing.T) {
	t.Parallel()
	for name, html := range map[string]string{
		"a body": "<html><BODY class='x'>Hello</body></html>", "two": "<body><p>&lt;body&gt; Hello</p></body>", "none": "<p>Hello</p>", "nothing": "",
	} {
		m := Mail{Subject: "Your chat", Text: "Hello", HTML: html}.ForTest()
		if m.Subject != "[Test] Your chat" || m.Text != testBanner+"\n\nHello" {
			t.Errorf("%s: %+v", name, m)
		}
		banner, hello := strings.Index(m.HTML, testBanner), strings.Index(m.HTML, "Hello")
		if strings.Count(m.HTML, testBanner) != 1 || hello >= 0 && banner > hello || strings.HasPrefix(strings.ToLower(html), "<html") && !strings.HasPrefix(m.HTML, "<html><BODY class='x'><p ") {
			t.Errorf("%s: %s", name, m.HTML)
		}
	}
}
