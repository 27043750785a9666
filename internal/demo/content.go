package demo

import (
	"html"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/afterchat/afterchat/connectors/smtp/smtptest"
	"github.com/afterchat/afterchat/connectors/zendesk/zendesktest"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/signing"
)

// complaint says what is wrong with what was received for a delivery; "" if nothing is.
func (p promise) complaint(d chat.Delivery, e effect, l ledger) string {
	switch {
	case d.Action == chat.FileTicket && e.ticket != nil && e.comment == nil:
		return p.aboutTicket(d, *e.ticket)
	case d.Action == chat.AttachNotes && e.comment != nil:
		return p.aboutNotes(d, *e.ticket, *e.comment)
	case d.Action == chat.EmailTranscript && e.mail != nil:
		return p.aboutMail(*e.mail)
	case d.Action == chat.SendLink && e.text != nil:
		return p.aboutText(d, e, l)
	}
	return "something else was received"
}

func (p promise) aboutTicket(d chat.Delivery, t zendesktest.Ticket) string {
	user := p.snapshot.User
	body := essence(withFiles(t.Body, t.Files))
	switch {
	case d.Ref.ID != strconv.FormatInt(t.ID, 10):
		return "the ledger has another ticket's number"
	case t.Subject == "":
		return "the ticket has no subject"
	case t.Public:
		return "the requester could read the internal text"
	case user.Email != "" && !strings.EqualFold(t.RequesterEmail, user.Email):
		return "the requester is somebody else"
	case user.Email == "" && user.Phone != "" && t.RequesterPhone != user.Phone:
		return "the requester's number is another"
	case !holds(body, p.said()):
		return "a message is missing, or out of order"
	case p.leaksNotes(body):
		return "a note stands in the ticket's text"
	}
	return ""
}

func (p promise) aboutNotes(d chat.Delivery, t zendesktest.Ticket, c zendesktest.Comment) string {
	var notes []string
	for _, n := range p.snapshot.Notes {
		notes = append(notes, n.Text)
	}
	switch {
	case c.Public:
		return "the requester could read the notes"
	case t.ExternalID != d.DependsOn.String():
		return "the notes are on another ticket"
	case !holds(essence(withFiles(c.Body, c.Files)), notes):
		return "a note is missing, or out of order"
	}
	return ""
}

func (p promise) aboutMail(m smtptest.Message) string {
	content, err := m.Read()
	if err != nil {
		return "the mail cannot be read"
	}
	text, page := essence(content.Text), essence(html.UnescapeString(markup.ReplaceAllString(content.HTML, " ")))
	switch {
	case !strings.EqualFold(m.To, p.snapshot.User.Email):
		return "the transcript went to somebody else"
	case !holds(text, p.said()):
		return "a message is missing in the text, or out of order"
	case !holds(page, p.said()):
		return "a message is missing in the HTML, or out of order"
	case p.leaksNotes(text) || p.leaksNotes(page):
		return "a note stands in the customer's transcript"
	}
	for _, a := range p.snapshot.Agents {
		if address := essence(a.Email); address != "" && !strings.Contains(p.known(), address) && strings.Contains(text+page, address) {
			return "an agent's address stands in the customer's transcript"
		}
	}
	return ""
}

func (p promise) aboutText(d chat.Delivery, e effect, l ledger) string {
	link, ok := l.links[d.Params.Link]
	_, rest, found := strings.Cut(e.text.Body, "/r/")
	token := rest
	if end := strings.IndexFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }); end >= 0 {
		token = rest[:end]
	}
	switch {
	case e.text.To != p.number:
		return "the link went to another number"
	case !found:
		return "the text has no link"
	case !ok || link.Conversation != p.snapshot.ID:
		return "the link is of another conversation"
	case string(signing.LinkHash(token)) != string(link.TokenHash):
		return "the link is another one"
	}
	return ""
}

// said returns what was said, in order.
func (p promise) said() []string {
	var texts []string
	for _, m := range p.snapshot.Messages {
		texts = append(texts, m.Text)
	}
	return texts
}

// known returns the essence of all that the customer knows anyway.
func (p promise) known() string {
	texts := append(p.said(), p.snapshot.User.Name, p.snapshot.User.Email, p.snapshot.User.Phone, p.snapshot.Product)
	for _, a := range p.snapshot.Form {
		texts = append(texts, a.Label, a.Value)
	}
	return essence(strings.Join(texts, " "))
}

// leaksNotes reports whether the essence of a text holds a note that says something
// which the customer does not know. What is shorter than a few words stands anywhere.
func (p promise) leaksNotes(text string) bool {
	const few = 12
	for _, n := range p.snapshot.Notes {
		note := essence(n.Text)
		if utf8.RuneCountInString(note) >= few && strings.Contains(text, note) && !strings.Contains(p.known(), note) {
			return true
		}
	}
	return false
}

// holds reports whether the essence of a text holds the essence of each part, in order.
func holds(text string, parts []string) bool {
	for _, part := range parts {
		part = essence(part)
		at := strings.Index(text, part)
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return true
}

// essence returns what has to survive every rendering of a text: its letters, digits and
// emoji, but not how they are spaced, wrapped or marked.
func essence(s string) string {
	const emoji = 0x2600 // below are signs that renderings draw with
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r >= emoji && unicode.Is(unicode.So, r) {
			return r
		}
		return -1
	}, s)
}

var markup = regexp.MustCompile(`(?s)<[^>]*>`)

func withFiles(body string, files []zendesktest.File) string {
	for _, f := range files {
		body += "\n" + string(f.Content)
	}
	return body
}
