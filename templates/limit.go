package templates

import (
	htmltemplate "html/template"
	"strings"
)

// wholeName is what the attached file with the whole of a long chat is called.
const wholeName = "conversation.txt"

// restRoom is by how much two sentences about the rest can differ in length, in bytes.
const restRoom = 200

// Attachment is a file that goes with a mail.
type Attachment struct {
	Name, ContentType string
	Content           []byte
}

// letter is a transcript to be rendered with some of its entries. Both functions return
// what the template of that form gets; rest says how much of the chat the mail holds.
type letter struct {
	subject, name string
	text, html    func(some []Entry, rest string) any
}

// transcript renders a letter so that neither its HTML nor its text is longer than limit
// bytes, 0 for no limit. What is too long is cut between two messages, never inside one;
// the mail says so and has the whole text attached. What stands around the messages is
// never cut.
func (r *Renderer) transcript(l letter, c conversation, b Brand, limit int) (Mail, error) {
	if limit <= 0 || c.atLeast() <= limit {
		m, err := r.mail(l.subject, l.name, l.text(c.entries, ""), l.html(c.entries, ""))
		if err != nil || limit <= 0 || len(m.HTML) <= limit && len(m.Text) <= limit {
			return m, err
		}
	}
	around, err := r.part(l, c, 0)
	if err != nil {
		return Mail{}, err
	}
	_, inHTML := c.html(c.words.mailSkin(b), max(limit-len(around.HTML)-restRoom, 1))
	_, inText := c.textUpTo(max(limit-len(around.Text)-restRoom, 1))
	some := min(inHTML, inText)
	m := around
	if some > 0 {
		if m, err = r.part(l, c, some); err != nil {
			return Mail{}, err
		}
	}
	whole, err := r.executeText(l.name+".txt", l.text(c.entries, ""))
	if err != nil {
		return Mail{}, err
	}
	m.Files = append(m.Files, Attachment{Name: wholeName, ContentType: "text/plain", Content: []byte(whole)})
	return m, nil
}

// part renders a letter with its first entries. That they are not all is said in any case,
// by an organization's own template that does not know of it, too.
func (r *Renderer) part(l letter, c conversation, some int) (Mail, error) {
	rest := c.rest(some)
	m, err := r.mail(l.subject, l.name, l.text(c.entries[:some], rest), l.html(c.entries[:some], rest))
	if err != nil {
		return Mail{}, err
	}
	if !strings.Contains(m.Text, rest) {
		m.Text += "\n" + rest + "\n"
	}
	if escaped := htmltemplate.HTMLEscapeString(rest); !strings.Contains(m.HTML, escaped) {
		end := strings.LastIndex(m.HTML, "</body>")
		if end < 0 {
			end = len(m.HTML)
		}
		m.HTML = m.HTML[:end] + `<p lang="` + c.words.Lang + `" dir="` + c.words.Dir + `">` + escaped + "</p>\n" + m.HTML[end:]
	}
	return m, nil
}

// atLeast is a number of bytes below which no form of the conversation is.
func (c conversation) atLeast() int {
	size := 0
	for i := range c.entries {
		size += len(c.entries[i].Text)
	}
	return size
}

// rest says how much of the chat a mail holds and where the whole is.
func (c conversation) rest(some int) string {
	shown, w := said(c.entries[:some]), c.words
	if shown == 0 {
		return fill(w.NoPart, "{file}", wholeName)
	}
	return fill(w.FirstPart, "{shown}", w.Count(shown), "{messages}", w.counted(w.Messages, said(c.entries)), "{file}", wholeName)
}
