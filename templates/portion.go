package templates

import (
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

// portion is as much of a chat as a mail holds: its first entries, the last of which may
// be cut. Less is whether there is less around them, too.
type portion struct {
	entries   []Entry
	cut, less bool
}

// whole are the entries that are not cut.
func (p portion) whole() []Entry {
	if p.cut {
		return p.entries[:len(p.entries)-1]
	}
	return p.entries
}

// cutMark stands where a text is cut.
const cutMark = " […]"

// first returns the entries that fit into so many bytes of HTML and of text. One that does
// not is cut where it alone takes more than a quarter of what the mail has room for, so
// that it leaves no mail almost empty.
func (c conversation) first(s skin, inHTML, inText int) portion {
	inHTML, inText = max(inHTML, 1), max(inText, 1)
	html, some := c.html(s, inHTML)
	text, n := c.textUpTo(inText)
	if n < some {
		some = n
		html, _ = conversation{c.entries[:some], c.voice, c.words, c.location}.html(s, 0)
	} else if some < n {
		text = conversation{c.entries[:some], c.voice, c.words, c.location}.text()
	}
	p := portion{entries: c.entries[:some]}
	if some == len(c.entries) || len(c.entries[some].Text) <= min(inHTML, inText)/4 {
		return p
	}
	next := c.entries[some]
	if next.Text, p.cut = c.cut(next, s, inHTML-len(html), inText-len(text)); p.cut {
		next.Files = nil
		p.entries = append(slices.Clone(p.entries), next)
	}
	return p
}

// cut returns the beginning of an entry's text that fits, with a mark, and whether there
// is one. However long the text is, no more of it than fits is looked at.
func (c conversation) cut(e Entry, s skin, inHTML, inText int) (string, bool) {
	whole := e.Text
	e.Files = nil
	tooMuch := func(n int) bool {
		e.Text = whole[:n+1] + cutMark
		one := conversation{[]Entry{e}, c.voice, c.words, c.location}
		if len(one.text())+2 > inText { // and two ends of lines before it
			return true
		}
		html, _ := one.html(s, 0)
		return len(html) > inHTML
	}
	n := sort.Search(max(min(len(whole), inHTML, inText), 0), tooMuch)
	for n > 0 && n < len(whole) && !utf8.RuneStart(whole[n]) {
		n--
	}
	if n < len(whole) {
		n = wholeCharacter(whole, n)
	}
	begun := strings.TrimRight(whole[:n], " \t\n")
	return begun + cutMark, begun != ""
}
