package templates

import (
	"archive/zip"
	"bytes"
	htmltemplate "html/template"
	"io"
	"strings"
	"time"

	"github.com/afterchat/afterchat/internal/fault"
)

// wholeName is what the attached file with the whole of a long chat is called, and
// zippedName the archive that it is in where it is too large as it is.
const wholeName, zippedName = "conversation.txt", "conversation.zip"

// Whole says how the whole of a chat goes with a mail that holds its first part alone.
type Whole uint8

// It is attached as text, as text in a zip archive, or not at all; then the mail says so.
const (
	WholeAttached Whole = iota
	WholeZipped
	WholeLeftOut
)

// restRoom is by how much what is said about the rest can differ in length, in bytes.
const restRoom = 1000

// Attachment is a file that goes with a mail.
type Attachment struct {
	Name, ContentType string
	Content           []byte
}

// letter is a transcript to be rendered with some of its entries. Text and html return
// what the template of that form gets; rest says how much of the chat the mail holds.
// Within returns the letter with as much of what stands around its entries as room bytes
// hold, and whether that is less than all.
type letter struct {
	subject, name string
	ended         time.Time
	whole         Whole
	text, html    func(some []Entry, rest string) any
	within        func(room int) (l letter, less bool)
}

// transcript renders a letter so that neither its HTML nor its text is longer than limit
// bytes, 0 for no limit. What is too long is cut between two messages, and inside one
// only where that is long; the mail says so and has the whole text attached, as far as it
// may. What stands around the messages is cut, too, where it leaves them less than a
// quarter; the frame of a mail is not.
func (r *Renderer) transcript(l letter, c conversation, b Brand, limit int) (Mail, error) {
	if limit <= 0 || c.atLeast() <= limit {
		m, err := r.mail(l.subject, l.name, l.text(c.entries, ""), l.html(c.entries, ""))
		if err != nil || limit <= 0 || len(m.HTML) <= limit && len(m.Text) <= limit {
			return m, err
		}
	}
	cut, around, less, err := r.around(l, c, b, limit)
	if err != nil {
		return Mail{}, err
	}
	p := c.first(c.words.mailSkin(b), limit-len(around.HTML)-restRoom, limit-len(around.Text)-restRoom)
	p.less = less
	m := around
	if len(p.entries) > 0 {
		if m, err = r.part(cut, c, p); err != nil {
			return Mail{}, err
		}
	}
	m.Files, err = r.wholeOf(l, c)
	return m, err
}

// wholeOf returns the file with the whole of a chat, if it is to be attached.
func (r *Renderer) wholeOf(l letter, c conversation) ([]Attachment, error) {
	if l.whole == WholeLeftOut {
		return nil, nil
	}
	text, err := r.executeText(l.name+".txt", l.text(c.entries, ""))
	if err != nil {
		return nil, err
	}
	if l.whole == WholeAttached {
		return []Attachment{{Name: wholeName, ContentType: "text/plain", Content: []byte(text)}}, nil
	}
	archive, err := zipped(text, l.ended)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "zip", "packing the whole chat", err)
	}
	return []Attachment{{Name: zippedName, ContentType: "application/zip", Content: archive}}, nil
}

// zipped returns an archive with one text in it, of the time when the chat ended. Every
// system opens a zip archive, which cannot be said of others.
func zipped(text string, ended time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.CreateHeader(&zip.FileHeader{Name: wholeName, Method: zip.Deflate, Modified: ended})
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(f, text); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// around renders a letter without its entries, and returns it as it is to be with them:
// with less around them where that is too long, and whether it is.
func (r *Renderer) around(l letter, c conversation, b Brand, limit int) (letter, Mail, bool, error) {
	m, err := r.part(l, c, portion{})
	if err != nil {
		return letter{}, Mail{}, false, err
	}
	messages := limit / 4
	if all, n := c.html(c.words.mailSkin(b), max(messages, 1)); n == len(c.entries) {
		messages = len(all) // all there are take less
	}
	most := limit - messages - restRoom
	if m.longest() <= most {
		return l, m, false, nil
	}
	bare, _ := l.within(0)
	if m, err = r.part(bare, c, portion{less: true}); err != nil {
		return letter{}, Mail{}, false, err
	}
	l, less := l.within(max(most-m.longest(), 0))
	m, err = r.part(l, c, portion{less: less})
	return l, m, less, err
}

func (m Mail) longest() int { return max(len(m.HTML), len(m.Text)) }

// part renders a letter with its first entries. That they are not all, or that there is
// less around them, is said in any case, by an organization's own template that does not
// know of it, too.
func (r *Renderer) part(l letter, c conversation, p portion) (Mail, error) {
	rest := c.rest(p, l.whole)
	m, err := r.mail(l.subject, l.name, l.text(p.entries, rest), l.html(p.entries, rest))
	if err != nil {
		return Mail{}, err
	}
	if !strings.Contains(m.Text, rest) {
		m.Text += "\n" + rest + "\n"
	}
	escaped := string(multilineHTML(rest))
	if !strings.Contains(m.HTML, escaped) && !strings.Contains(m.HTML, htmltemplate.HTMLEscapeString(rest)) {
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

// rest says how much of the chat a mail holds, that there is less around it, and where the
// whole is, or that it is not attached.
func (c conversation) rest(p portion, whole Whole) string {
	var says []string
	shown, w := said(p.whole()), c.words
	switch {
	case len(p.entries) == len(c.entries) && p.less && !p.cut, shown == 0 && p.cut:
	case shown == 0:
		says = append(says, w.NoPart)
	default:
		says = append(says, fill(w.FirstPart, "{shown}", w.Count(shown), "{messages}", w.counted(w.Messages, said(c.entries))))
	}
	if p.cut {
		says = append(says, w.CutShort)
	}
	if p.less {
		says = append(says, w.LeftOut)
	}
	switch whole {
	case WholeAttached:
		says = append(says, fill(w.WholeIn, "{file}", w.isolate(wholeName)))
	case WholeZipped:
		says = append(says, fill(w.WholeIn, "{file}", w.isolate(zippedName)))
	case WholeLeftOut:
		says = append(says, w.WholeLeftOut)
	}
	return strings.ReplaceAll(strings.Join(says, " "), "。 ", "。") // which is as wide as a full stop and a space
}
