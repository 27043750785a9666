package templates

import (
	htmltemplate "html/template"
	"strings"

	"github.com/afterchat/afterchat/internal/chat"
)

// skin holds the attributes that each part of a conversation gets. Mail needs inline
// styles, a page under a content policy can have classes alone.
type skin struct {
	table, day, event, head, name string
	user, others, file, link      string
}

// mailSkin repeats for every message, so it is kept short: Gmail clips what is longer
// than about 100 KB.
func mailSkin() skin {
	return skin{
		table:  ` role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="table-layout:fixed"`,
		day:    ` class="mute" style="padding:22px 0 4px;font-size:12px;color:#5b6470;text-align:center"`,
		event:  ` class="mute" style="padding:12px 0 2px;font-size:13px;color:#5b6470;text-align:center"`,
		head:   ` class="mute" style="padding:12px 2px 4px;font-size:13px;color:#5b6470"`,
		name:   ` class="ink" style="color:#111827"`,
		user:   ` class="user" dir="auto" style="padding:9px 13px;font-size:15px;line-height:1.45;color:#111827;background:#e8f0fe;border-radius:8px;overflow-wrap:anywhere;word-break:break-word"`,
		others: ` class="them" dir="auto" style="padding:9px 13px;font-size:15px;line-height:1.45;color:#111827;background:#f3f4f6;border-radius:8px;overflow-wrap:anywhere;word-break:break-word"`,
		file:   ` dir="auto" style="margin-top:4px;font-size:14px"`,
		link:   ` class="plain" style="color:#1d4ed8"`,
	}
}

func pageSkin() skin {
	return skin{
		table: ` class="chat"`, day: ` class="day"`, event: ` class="event"`, head: ` class="head"`,
		name: ` class="name"`, user: ` class="user" dir="auto"`, others: ` class="them" dir="auto"`,
		file: ` class="file" dir="auto"`,
	}
}

// html writes the same as text, as one table. It is written by hand because a template
// with a dozen actions per message costs ten times as much.
func (c conversation) html(s skin) htmltemplate.HTML {
	var b strings.Builder
	size := 0
	for i := range c.entries {
		size += len(c.entries[i].Text) + 450
	}
	b.Grow(size)
	b.WriteString("<table" + s.table + ">\n")
	var shown day
	for i := range c.entries {
		e := &c.entries[i]
		clock := ""
		if !e.At.IsZero() {
			at := e.At.In(c.location)
			clock = c.words.Clock(at)
			if today := dayOf(at); today != shown {
				shown = today
				b.WriteString("<tr><td" + s.day + ">")
				writeEscaped(&b, c.words.heading(at))
				b.WriteString("</td></tr>\n")
			}
		}
		c.writeHTML(&b, s, e, clock)
	}
	b.WriteString("</table>")
	return htmltemplate.HTML(b.String()) //nolint:gosec // every value went through writeEscaped
}

func (c conversation) writeHTML(b *strings.Builder, s skin, e *Entry, clock string) {
	if e.Event != nil {
		b.WriteString("<tr><td" + s.event + ">" + clock + " · ")
		writeEscaped(b, c.sentence(*e.Event))
		b.WriteString("</td></tr>\n")
		if e.Text == "" && len(e.Files) == 0 {
			return
		}
	}
	name, role := c.called(e.By)
	b.WriteString("<tr><td")
	b.WriteString(s.head)
	b.WriteString("><b")
	b.WriteString(s.name)
	b.WriteString("><bdi>")
	writeEscaped(b, name)
	b.WriteString("</bdi></b> ")
	b.WriteString(role)
	b.WriteByte(' ')
	b.WriteString(clock)
	b.WriteString("</td></tr>\n<tr><td")
	if e.By.Kind == chat.AuthorUser {
		b.WriteString(s.user)
	} else {
		b.WriteString(s.others)
	}
	b.WriteString(">")
	switch {
	case e.Text != "":
		writeEscaped(b, e.Text)
	case len(e.Files) == 0:
		writeEscaped(b, c.words.Empty)
	}
	for _, f := range e.Files {
		c.writeFile(b, s, f)
	}
	b.WriteString("</td></tr>\n")
}

func (c conversation) writeFile(b *strings.Builder, s skin, f File) {
	b.WriteString("<div" + s.file + ">" + c.words.File + ": ")
	if f.URL != "" {
		b.WriteString("<a" + s.link + ` href="`)
		b.WriteString(htmltemplate.HTMLEscapeString(f.URL))
		b.WriteString(`" rel="noopener noreferrer" target="_blank">`)
	}
	writeEscaped(b, c.fileLine(f))
	if f.URL != "" {
		b.WriteString("</a>")
	}
	b.WriteString("</div>")
}

// writeEscaped writes clean text as HTML content. Lines and runs of spaces are kept
// with <br> and &nbsp;, because Outlook does not know white-space.
func writeEscaped(b *strings.Builder, s string) {
	start := 0
	for i := range len(s) {
		replacement := ""
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
		default:
			continue
		}
		b.WriteString(s[start:i])
		b.WriteString(replacement)
		start = i + 1
	}
	b.WriteString(s[start:])
}
