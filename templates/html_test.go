package templates

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/afterchat/afterchat/internal/chat"
)

var (
	tag      = regexp.MustCompile(`<(/?)([a-zA-Z!][a-zA-Z0-9]*)`)
	link     = regexp.MustCompile(`(?:href|src|action)="([^"]*)"`)
	anything = regexp.MustCompile(`<[^>]*>`)
	cid      = regexp.MustCompile(`^cid:[a-zA-Z0-9.@_-]+$`)
)

// checkHTML holds for whatever was typed: only the tags that we write, only web
// addresses as links, no script, no font and no style from elsewhere.
func checkHTML(t *testing.T, page string) {
	t.Helper()
	if !utf8.ValidString(page) {
		t.Fatal("the HTML is not UTF-8")
	}
	open := map[string]int{}
	for _, m := range tag.FindAllStringSubmatch(page, -1) {
		switch name := strings.ToLower(m[2]); name {
		case "table", "tr", "td", "div", "small", "h1", "h2", "b", "bdi", "span", "a", "html", "head", "body", "title", "style":
			if m[1] == "" {
				open[name]++
			} else {
				open[name]--
			}
		case "!doctype", "meta", "br", "img":
		default:
			t.Fatalf("the HTML holds a tag %q", name)
		}
	}
	for name, n := range open {
		if n != 0 {
			t.Fatalf("%d <%s> are not closed", n, name)
		}
	}
	for _, m := range link.FindAllStringSubmatch(page, -1) {
		if address := html.UnescapeString(m[1]); webURL(address) == "" && !cid.MatchString(address) {
			t.Fatalf("the HTML links to %q", address)
		}
	}
}

func TestTheHTMLHasEveryMessageWhole(t *testing.T) {
	t.Parallel()
	s := sample()
	mail, err := renderer(t).TranscriptForInternal(ForInternal(s, sampleOptions(t)))
	if err != nil {
		t.Fatal(err)
	}
	checkHTML(t, mail.HTML)
	squash := func(s string) string { return strings.Join(strings.Fields(strings.ReplaceAll(s, "\u00a0", " ")), " ") }
	read := squash(html.UnescapeString(anything.ReplaceAllString(mail.HTML, " ")))
	for _, m := range s.Messages {
		if !strings.Contains(read, squash(block(m.Text))) {
			t.Errorf("message %s is not in the HTML", m.ID)
		}
	}
	for _, n := range s.Notes {
		if !strings.Contains(read, squash(n.Text)) {
			t.Errorf("note %s is not in the HTML", n.ID)
		}
	}
}

func TestAFileSaysWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	const link = "https://files.example/f"
	for name, c := range map[string]struct {
		file       File
		text, html string
		not        string
	}{
		"an image that is shown":           {File{Name: "a.png", URL: link, CID: "x1@acme.example"}, "File: a.png (attached to this mail) " + link, `src="cid:x1@acme.example" alt="a.png">`, "File: <a"},
		"a file that is attached":          {File{Name: "a.pdf", URL: link, Size: 2048, Attached: true}, "File: a.pdf (2 KB, attached to this mail) " + link, `target="_blank">a.pdf (2 KB, attached to this mail)</a>`, "cid:"},
		"a link that has expired":          {File{Name: "a.pdf", URL: link, Expired: true}, "File: a.pdf (its link has expired)", "File: a.pdf (its link has expired)</div>", link},
		"a file that is only linked":       {File{Name: "a.pdf", URL: link}, "File: a.pdf " + link, `href="` + link + `"`, "attached"},
		"an id that no address may hold":   {File{Name: "a.png", URL: link, CID: `x"onload=`}, "File: a.png (attached to this mail) " + link, "File: <a", "onload"},
		"an image with a dangerous name":   {File{Name: `"><script>`, CID: "x1"}, `File: "><script> (attached to this mail)`, `alt="&#34;&gt;&lt;script&gt;"`, "<script>"},
		"attached, and its link is broken": {File{Name: "a.pdf", Attached: true, Unlinked: true}, "a.pdf (attached to this mail, its link is not a web address)", "a.pdf (attached to this mail, its link", "href"},
	} {
		v := CustomerView{Entries: []Entry{{By: Speaker{Kind: chat.AuthorUser}, Files: []File{c.file}}}}
		mail, err := renderer(t).TranscriptForCustomer(v)
		if err != nil {
			t.Fatal(err)
		}
		checkHTML(t, mail.HTML)
		if !strings.Contains(mail.Text, bar+c.text+"\n") && !strings.Contains(mail.Text, c.text+"\n") {
			t.Errorf("%s: the text does not say %q", name, c.text)
		}
		if !strings.Contains(mail.HTML, c.html) || strings.Contains(mail.HTML, c.not) {
			t.Errorf("%s: the HTML lacks %q or holds %q", name, c.html, c.not)
		}
	}
}

func TestTheLayoutIsMirroredWhereWritingGoesFromRightToLeft(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	v := ForCustomer(sample(), sampleOptions(t))
	ltr, err := r.TranscriptForCustomer(v)
	if err != nil {
		t.Fatal(err)
	}
	v.Locale = "ar-EG"
	rtl, err := r.TranscriptForCustomer(v)
	if err != nil {
		t.Fatal(err)
	}
	checkHTML(t, rtl.HTML)
	for html, words := range map[string][]string{
		ltr.HTML: {`class="page" dir="ltr"`, `"padding:10px 0 0 48px"><div align="right"><small>`, `"padding:10px 48px 0 0"><div align="left"><small>`, `<table align="right"><tr><td class="user"`},
		rtl.HTML: {`class="page" dir="rtl"`, `"padding:10px 48px 0 0"><div align="left"><small>`, `"padding:10px 0 0 48px"><div align="right"><small>`, `<table align="left"><tr><td class="user"`},
	} {
		for _, word := range words {
			if !strings.Contains(html, word) {
				t.Errorf("%q is missing", word)
			}
		}
	}
}

func TestWhatIsNoWebAddressIsNeverALink(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "//evil.example/x", "mailto:a@b.c",
		"https:", "https://", "java\nscript:alert(1)", "\x01javascript:alert(1)", " javascript:alert(1)", "http\u202es://x",
	} {
		if got := webURL(address); got != "" {
			t.Errorf("%q became the link %q", address, got)
		}
	}
	for address, want := range map[string]string{
		"https://x.example/a?b=c&d=%20": "https://x.example/a?b=c&d=%20",
		" http://x.example ":            "http://x.example",
		"https://x.example/a b":         "https://x.example/a%20b",
		"https://x.example/é\u202e":     "https://x.example/%C3%A9%E2%80%AE",
		"https://x.example/?q=\"x":      "",
	} {
		if got := webURL(address); got != want {
			t.Errorf("webURL(%q) = %q, want %q", address, got, want)
		}
	}
}

func TestABrandThatIsNoGoodIsNotUsed(t *testing.T) {
	t.Parallel()
	bad := Brand{Organization: "<Acme>\n", LogoURL: "data:image/png;base64,x", Color: "red;}body{display:none", Website: "javascript:1"}
	r := renderer(t)
	mail, err := r.TranscriptForCustomer(ForCustomer(sample(), Options{Brand: bad}))
	if err != nil {
		t.Fatal(err)
	}
	checkHTML(t, mail.HTML)
	var page bytes.Buffer
	if err := r.LinkPage(&page, LinkPage{Brand: bad, State: "open", Action: "/r/x"}); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{mail.HTML, mail.Text, page.String(), r.LinkPagePolicy(LinkPage{Brand: bad})} {
		for _, word := range []string{"display:none}", "base64,", "javascript", "<Acme>\n\n", "ZgotmplZ"} {
			if strings.Contains(out, word) {
				t.Errorf("the brand's %q got through", word)
			}
		}
	}
	for color, ink := range map[string]string{"#fff": "#000000", "#0a7d55": "#ffffff", "#FFDD00": "#000000", "": "#ffffff", "#12": "#ffffff", "#gggggg": "#ffffff"} {
		if got := (Brand{Color: color}).Ink(); got != ink {
			t.Errorf("on %q the ink is %s, want %s", color, got, ink)
		}
	}
}

func TestThePolicyAllowsThePagesOwnStyleAndNothingElse(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	brand := Brand{Organization: "Acme", Color: "#0a7d55", LogoURL: "https://cdn.acme.example/logo.png"}
	p := LinkPage{Brand: brand, State: "open", Action: "/r/x", Target: "https://acme.example/chat?x=1"}
	var page bytes.Buffer
	if err := r.LinkPage(&page, p); err != nil {
		t.Fatal(err)
	}
	policy := r.LinkPagePolicy(p)
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(page.String())
	if style == nil || !strings.Contains(policy, "style-src '"+hashOf(style[1])+"'") {
		t.Errorf("the policy %q does not allow the page's style", policy)
	}
	for _, part := range []string{"default-src 'none'", "img-src https://cdn.acme.example", "form-action 'self' https://acme.example", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("the policy %q lacks %q", policy, part)
		}
	}
	var pane bytes.Buffer
	if err := r.Pane(&pane, samplePane(sample(), Options{Brand: brand})); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{page.String(), pane.String()} {
		for _, inline := range []string{" style=", "<script", " on"} {
			if strings.Contains(strings.Join(anything.FindAllString(out, -1), "\n"), inline) {
				t.Errorf("a page has %q in a tag, which its policy blocks", inline)
			}
		}
	}
}

func TestALinkIsWholeAndSaysWhoItIsFrom(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	url := "https://chat.example/r/" + strings.Repeat("x", 200)
	text, err := r.LinkSMS(LinkView{Brand: Brand{Organization: "Acme Coffee"}, Purpose: "invite", URL: url})
	if err != nil || text != "Acme Coffee invites you to chat: "+url {
		t.Errorf("%q, %v", text, err)
	}
	for name, v := range map[string]LinkView{
		"no web address": {URL: "javascript:alert(1)"},
		"too long":       {URL: url + strings.Repeat("y", 1500)},
	} {
		if text, err := r.LinkSMS(v); err == nil || strings.Contains(err.Error(), "javascript") {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}

func TestANameOfAMegabyteIsNotRepeatedWithEveryMessage(t *testing.T) {
	t.Parallel()
	s := chat.Snapshot{User: chat.User{Name: strings.Repeat("Ann ", 1<<18)}}
	for range 1000 {
		s.Messages = append(s.Messages, chat.Message{Author: chat.Author{Kind: chat.AuthorUser}, Text: "x"})
	}
	mail, err := renderer(t).TranscriptForInternal(ForInternal(s, Options{}))
	if err != nil {
		t.Fatal(err)
	}
	for form, out := range map[string]string{"text": mail.Text, "HTML": mail.HTML} {
		if len(out) > 4<<20 || !strings.Contains(out, strings.TrimSpace(s.User.Name)) {
			t.Errorf("%s: %d bytes, or the name is nowhere whole", form, len(out))
		}
	}
}

func TestTextCanBeReadOnTheBrandsTints(t *testing.T) {
	t.Parallel()
	for _, color := range []string{"#000000", "#ffffff", "#ff0000", "#00ff00", "#0000ff", "#ffee00", "#0a7d55", "", "#abc"} {
		b := Brand{Color: color}
		for ground, texts := range map[string][]string{b.Tint(): {"#111827", "#1d4ed8"}, b.DarkTint(): {"#f0f3f6", darkLink(t)}} {
			for _, text := range texts {
				if ratio := contrast(t, ground, text); ratio < 4.5 {
					t.Errorf("brand %q: %s on %s has a contrast of %.1f", color, text, ground, ratio)
				}
			}
		}
	}
}

// darkLink is the colour of a link in somebody's bubble in the dark.
func darkLink(t *testing.T) string {
	t.Helper()
	found := regexp.MustCompile(`\.chat a\{color:(#[0-9a-f]{6})!important\}`).FindStringSubmatch(Export()["email/start.html"])
	if found == nil {
		t.Fatal("links in bubbles have no colour of their own in the dark")
	}
	return found[1]
}

func TestTheBrandsNameCanBeReadOnEveryBrandsColour(t *testing.T) {
	t.Parallel()
	if ratio := contrast(t, "#777777", "#ffffff"); math.Abs(ratio-4.48) > 0.005 { // as WCAG's own tools have it
		t.Fatalf("a contrast is %.3f, not 4.48", ratio)
	}
	for c := range 1 << 12 {
		b := Brand{Color: fmt.Sprintf("#%03x", c)}
		if ratio := contrast(t, b.Accent(), b.Ink()); ratio < 4.5 {
			t.Fatalf("%s on %s has a contrast of %.1f", b.Ink(), b.Color, ratio)
		}
	}
}

func TestBubblesInTheBrandsTintsAreSeenOnTheirGround(t *testing.T) {
	t.Parallel()
	seen := func(tint, ground string) bool {
		a, _ := rgb(tint)
		b, _ := rgb(ground)
		for i := range a {
			if max(a[i], b[i])-min(a[i], b[i]) >= 12 { // of 255: what Chromium shows of less is hard to make out
				return true
			}
		}
		return false
	}
	for _, color := range []string{"#ffffff", "#f5f5f5", "#fff8e1", "#add8e6", "#ffee00", "#0a7d55", "#000000", "#111827", "#161b22", "#1f2937", ""} {
		b := Brand{Color: color}
		if !seen(b.Tint(), "#ffffff") {
			t.Errorf("brand %q: a bubble of %s is not seen on white", color, b.Tint())
		}
		if !seen(b.DarkTint(), "#161b22") {
			t.Errorf("brand %q: a bubble of %s is not seen in the dark", color, b.DarkTint())
		}
	}
	if tint := (Brand{Color: "#0a7d55"}).Tint(); tint != "#e1efea" {
		t.Errorf("green is %s", tint)
	}
}

func TestAPhotoThatIsNotShownLeavesTheNameOnce(t *testing.T) {
	t.Parallel()
	by := Speaker{Kind: chat.AuthorAgent, Name: "Bo Ek", Photo: "https://photos.example/bo.jpg"}
	mail, err := renderer(t).TranscriptForCustomer(CustomerView{Entries: []Entry{{By: by, Text: "Hello"}}})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(mail.HTML, `src="https://photos.example/bo.jpg" alt=""><b>Bo Ek</b>`) {
		t.Error("the photo has a text that stands in for it beside the name")
	}
}

// contrast is the ratio of WCAG 2.1; small text needs 4.5.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	light := func(color string) float64 {
		c, ok := rgb(color)
		if !ok {
			t.Fatalf("%q is no colour", color)
		}
		return luminance(c)
	}
	high, low := light(a), light(b)
	if high < low {
		high, low = low, high
	}
	return (high + 0.05) / (low + 0.05)
}
