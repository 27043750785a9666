package templates

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
	none := c.rest(0)
	around, err := r.mail(l.subject, l.name, l.text(nil, none), l.html(nil, none))
	if err != nil {
		return Mail{}, err
	}
	_, inHTML := c.html(c.words.mailSkin(b), max(limit-len(around.HTML)-restRoom, 1))
	_, inText := c.textUpTo(max(limit-len(around.Text)-restRoom, 1))
	some := min(inHTML, inText)
	m := around
	if some > 0 {
		if m, err = r.mail(l.subject, l.name, l.text(c.entries[:some], c.rest(some)), l.html(c.entries[:some], c.rest(some))); err != nil {
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
