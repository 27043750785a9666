package templates

import (
	htmltemplate "html/template"
	"strings"

	"github.com/afterchat/afterchat/internal/chat"
)

// html writes the same as text, as one table of whole entries, and returns how many
// there are: all of them, or those that fit into limit bytes if that is not 0. It is
// written by hand because a template with a dozen actions per message costs ten times
// as much.
func (c conversation) html(s skin, limit int) (htmltemplate.HTML, int) {
	var b strings.Builder
	size, around := 0, s.longest()
	for i := range c.entries {
		size += len(c.entries[i].Text) + around
	}
	if limit > 0 {
		size = min(size, limit+4096)
	}
	b.Grow(size)
	b.WriteString(s.table)
	p := htmlWriter{conversation: c, b: &b, skin: s}
	for i := range c.entries {
		before := b.Len()
		p.entry(&c.entries[i])
		if limit > 0 && b.Len()+len(s.tableEnd) > limit {
			cut := b.String()[:before] + s.tableEnd
			return htmltemplate.HTML(cut), i //nolint:gosec // as below
		}
	}
	b.WriteString(s.tableEnd)
	return htmltemplate.HTML(b.String()), len(c.entries) //nolint:gosec // every value went through writeEscaped
}

// mail and page return all entries as a mail and a page have them.
func (c conversation) mail(b Brand) htmltemplate.HTML {
	html, _ := c.html(c.words.mailSkin(b), 0)
	return html
}

func (c conversation) page() htmltemplate.HTML {
	html, _ := c.html(pageSkin(), 0)
	return html
}

// htmlWriter writes entries one after another. What is the same as above is not said
// again: the day, and who wrote at which minute.
type htmlWriter struct {
	conversation
	b     *strings.Builder
	skin  skin
	day   day
	by    Speaker
	clock string
}

func (p *htmlWriter) entry(e *Entry) {
	b, s, clock := p.b, &p.skin, ""
	if !e.At.IsZero() {
		at := e.At.In(p.location)
		clock = p.words.Clock(at)
		if today := dayOf(at); today != p.day {
			p.day, p.by = today, Speaker{}
			b.WriteString(s.day)
			writeEscaped(b, p.words.heading(at))
			b.WriteString(s.dayEnd)
		}
	}
	if e.Event != nil {
		b.WriteString(s.event)
		if clock != "" {
			b.WriteString(clock + " · ")
		}
		writeEscaped(b, p.sentence(*e.Event))
		b.WriteString(s.eventEnd)
		p.by = Speaker{}
		if e.Text == "" && len(e.Files) == 0 {
			return
		}
	}
	side := s.side(e.By.Kind)
	if e.By != p.by || clock != p.clock {
		p.by, p.clock = e.By, clock
		b.WriteString(side.headed)
		p.head(e.By, clock)
	} else {
		b.WriteString(side.further)
	}
	b.WriteString(side.bubble)
	switch {
	case e.Text != "":
		writeEscaped(b, e.Text)
	case len(e.Files) == 0:
		writeEscaped(b, p.words.Empty)
	}
	for _, f := range e.Files {
		p.file(f)
	}
	b.WriteString(s.bubbleEnd)
}

// head says who wrote, as what, and when.
func (p *htmlWriter) head(by Speaker, clock string) {
	b, s := p.b, &p.skin
	name, role := p.called(by)
	if by.Photo != "" && s.photo != "" {
		b.WriteString(s.photo + ` src="` + htmltemplate.HTMLEscapeString(by.Photo) + `" alt="">`) // the name follows
	}
	b.WriteString("<b>")
	writeEscaped(b, p.words.isolate(name))
	b.WriteString("</b>")
	for _, more := range [...]string{role, clock} {
		if more != "" {
			b.WriteString(" · ")
			b.WriteString(more)
		}
	}
	b.WriteString(s.headEnd)
}

// file shows an image that came with the mail, and names and links everything else.
func (p *htmlWriter) file(f File) {
	b, s := p.b, &p.skin
	b.WriteString(s.file)
	if cid := contentID(f.CID); cid != "" && s.image != "" {
		b.WriteString(s.image + ` src="cid:` + cid + `" alt="` + htmltemplate.HTMLEscapeString(p.words.isolate(f.Name)) + `"><br>`)
	} else {
		b.WriteString(p.words.File + p.words.Colon)
	}
	if f.linked() {
		b.WriteString(s.link + htmltemplate.HTMLEscapeString(f.URL) + `" rel="noopener noreferrer" target="_blank">`)
	}
	writeEscaped(b, p.fileLine(f))
	if f.linked() {
		b.WriteString("</a>")
	}
	b.WriteString("</div>")
}

// contentID returns an id that may stand in a "cid:" address (RFC 2392) as it is, else "".
func contentID(id string) string {
	for i := range len(id) {
		switch c := id[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '-', c == '_', c == '@':
		default:
			return ""
		}
	}
	return id
}

// side picks the side of a chat: the customer's own words stand opposite to all others.
func (s *skin) side(kind string) *side {
	switch kind {
	case chat.AuthorUser:
		return &s.user
	case chat.AuthorAgent:
		return &s.agent
	default:
		return &s.other
	}
}

// writeIsolated writes what may run another way than the page. What has isolated parts is
// a sentence or a list of ours, and runs as the page does.
func writeIsolated(b *strings.Builder, s string) {
	if strings.Contains(s, isolateStart) {
		writeEscaped(b, s)
		return
	}
	b.WriteString("<bdi>")
	writeEscaped(b, s)
	b.WriteString("</bdi>")
}

// writeEscaped writes clean text as HTML content. Lines and runs of spaces are kept
// with <br> and &nbsp;, because Outlook does not know white-space, and what is isolated
// is so with <bdi>.
func writeEscaped(b *strings.Builder, s string) {
	start := 0
	for i := range len(s) {
		replacement, length := "", 1
		switch s[i] {
		case '<':
			replacement = "&lt;"
		case '>':
			replacement = "&gt;"
		case '&':
			replacement = "&amp;"
		case '"':
			replacement = "&#34;"
		case '\'':
			replacement = "&#39;"
		case '\n':
			replacement = "<br>\n"
		case '\t':
			replacement = "&nbsp;&nbsp;&nbsp; "
		case ' ':
			if i > 0 && s[i-1] != ' ' && s[i-1] != '\n' {
				continue
			}
			replacement = "&nbsp;"
		case isolateStart[0]:
			switch {
			case strings.HasPrefix(s[i:], isolateStart):
				replacement = "<bdi>"
			case strings.HasPrefix(s[i:], isolateEnd):
				replacement = "</bdi>"
			default:
				continue
			}
			length = len(isolateStart)
		default:
			continue
		}
		b.WriteString(s[start:i])
		b.WriteString(replacement)
		start = i + length
	}
	b.WriteString(s[start:])
}
