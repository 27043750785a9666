package templates

import (
	"cmp"
	"strings"

	"github.com/afterchat/afterchat/internal/chat"
)

// How much of a name and of what a chat was about a subject shows.
const (
	subjectNameLimit  = 60
	subjectAboutLimit = 80
	// wordsScanned is how much of a first message is looked at for a subject.
	wordsScanned = 4096
)

// customerText is what text templates for the customer get.
type customerText struct {
	CustomerView
	T *words
}

func (p *customerText) FactLines() string { return p.T.factLines(p.T.customerFacts(p.CustomerView)) }
func (p *customerText) FormLines() string { return p.T.factLines(p.T.answers(p.Form)) }
func (p *customerText) Messages() string {
	return conversation{p.Entries, p.T.customerVoice(p.ToOther), p.T, location(p.Location)}.text()
}

// recordText is what an internal ticket gets: it has no way to a note.
type recordText struct {
	Record
	T *words
}

func (p *recordText) FactLines() string { return p.T.factLines(p.T.internalFacts(p.Record)) }
func (p *recordText) FormLines() string { return p.T.factLines(p.T.answers(p.Form)) }
func (p *recordText) FlagLines() string { return p.T.factLines(p.T.flagFacts(p.Flags)) }
func (p *recordText) Messages() string {
	return conversation{p.Entries, &p.T.Internal, p.T, location(p.Location)}.text()
}

// notesText is what the comments with notes get.
type notesText struct {
	T     *words
	Notes string
}

// contactText is what the comment with a late contact gets.
type contactText struct {
	T         *words
	FactLines string
}

// TicketForCustomer returns the subject, one line, and the text of a ticket that its
// requester may read.
func (r *Renderer) TicketForCustomer(v CustomerView) (subject, body string, err error) {
	w := r.words(v.Locale)
	body, err = r.executeText("ticket/customer.txt", &customerText{v, w})
	return w.ticketSubject(v.Name, v.Product, v.Entries), body, err
}

// TicketForInternal returns the subject, one line, and the text of a ticket that only
// the organization reads. It never holds notes.
func (r *Renderer) TicketForInternal(v InternalView) (subject, body string, err error) {
	w := r.words(v.Locale)
	body, err = r.executeText("ticket/internal.txt", &recordText{v.Record, w})
	return w.ticketSubject(v.User.Name, v.Product, v.Entries), body, err
}

// Notes returns one internal comment with all notes of the episode, in order, and ""
// where there are none.
func (r *Renderer) Notes(v InternalView) (string, error) {
	if len(v.Notes) == 0 {
		return "", nil
	}
	return r.notes("ticket/notes.txt", v, v.Notes)
}

// LateNote returns the internal comment for a note that came after the end.
func (r *Renderer) LateNote(v InternalView, n chat.Note) (string, error) {
	c := cast{agents: make(map[string]Speaker, len(v.Agents)), seen: map[string]bool{}, private: true}
	for _, a := range v.Agents {
		c.agents[a.ID] = colleague(a)
	}
	return r.notes("ticket/late_note.txt", v, c.notes([]chat.Note{n}))
}

func (r *Renderer) notes(name string, v InternalView, notes []Entry) (string, error) {
	w := r.words(v.Locale)
	text := conversation{notes, &w.Internal, w, location(v.Location)}.text()
	return r.executeText(name, notesText{w, text})
}

// Amendment returns the internal comment for contact data that came after the chat, in
// the organization's locale.
func (r *Renderer) Amendment(c chat.Contact, locale string) (string, error) {
	w := r.words(locale)
	return r.executeText("ticket/amendment.txt", contactText{w, w.factLines(w.contactFacts(c))})
}

func (w *words) ticketSubject(name, product string, entries []Entry) string {
	name = w.isolate(short(cmp.Or(name, w.AVisitor), subjectNameLimit))
	about := w.isolate(short(cmp.Or(product, firstWords(entries)), subjectAboutLimit))
	if about == "" {
		return fill(w.ChatWith, "{name}", name)
	}
	return fill(w.ChatWithAbout, "{name}", name, "{about}", about)
}

// firstWords returns the beginning of what the customer said first.
func firstWords(entries []Entry) string {
	for i := range entries {
		e := &entries[i]
		if e.By.Kind != chat.AuthorUser || e.Text == "" {
			continue
		}
		text := strings.TrimSpace(e.Text)
		if len(text) > wordsScanned {
			text = strings.ToValidUTF8(text[:wordsScanned], "")
		}
		if text = line(text); text != "" {
			return text
		}
	}
	return ""
}
