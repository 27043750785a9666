package templates

import (
	"cmp"
	htmltemplate "html/template"
	"strings"
)

// preheaderLimit is how much of what was said first stands beside the subject in a list
// of mails; few show more.
const preheaderLimit = 140

// customerLetter is what the customer's transcript gets as text. Rest says, in a mail that
// is too long, how much of the chat it holds and where the rest is. What a template asks
// for by name stands in the struct itself, here and below: it is found through an embedded
// one, too, but at ten times the cost.
type customerLetter struct {
	customerText
	T     *words
	Brand look
	Name  string
	Lead  string
	Cover string
	NoPDF bool
	Rest  string
	facts []Fact
}

func (p *customerLetter) FactLines() string { return p.T.factLines(p.facts) }

// customerHTML is what HTML templates for the customer get.
type customerHTML struct {
	CustomerView
	T                        *words
	Brand                    look
	Name, Lead, Cover        string
	NoPDF                    bool
	Subject, Preheader, Rest string
	facts                    []Fact
}

func (p *customerHTML) Facts() htmltemplate.HTML   { return p.T.factTable(p.facts) }
func (p *customerHTML) Answers() htmltemplate.HTML { return p.T.factTable(p.T.answers(p.Form)) }
func (p *customerHTML) Messages() htmltemplate.HTML {
	return conversation{p.Entries, p.T.customerVoice(p.ToOther), p.T, location(p.Location)}.mail(p.CustomerView.Brand)
}

// internalText is what the internal transcript's text gets: all there is.
type internalText struct {
	recordText
	Notes      []Entry
	Deliveries []Delivery
	Cover      string
	NoPDF      bool
	Rest       string
}

func (p *internalText) NoteLines() string {
	return conversation{p.Notes, &p.T.Internal, p.T, location(p.Location)}.text()
}

func (p *internalText) DeliveryLines() string {
	return p.T.factLines(p.T.deliveryFacts(p.Deliveries, p.Location))
}

// internalHTML is what the internal transcript's HTML gets: all there is.
type internalHTML struct {
	InternalView
	T                        *words
	Brand                    look
	Subject, Preheader, Rest string
}

func (p *internalHTML) Facts() htmltemplate.HTML     { return p.T.factTable(p.T.internalFacts(p.Record)) }
func (p *internalHTML) Answers() htmltemplate.HTML   { return p.T.factTable(p.T.answers(p.Form)) }
func (p *internalHTML) FlagFacts() htmltemplate.HTML { return p.T.factTable(p.T.flagFacts(p.Flags)) }
func (p *internalHTML) DeliveryFacts() htmltemplate.HTML {
	return p.T.factTable(p.T.deliveryFacts(p.Deliveries, p.Location))
}
func (p *internalHTML) Messages() htmltemplate.HTML {
	return conversation{p.Entries, &p.T.Internal, p.T, location(p.Location)}.mail(p.InternalView.Brand)
}
func (p *internalHTML) NoteEntries() htmltemplate.HTML {
	html, _ := conversation{p.InternalView.Notes, &p.T.Internal, p.T, location(p.Location)}.html(p.T.noteSkin(p.InternalView.Brand), 0)
	return html
}

// TranscriptForCustomer returns the mail with the customer's own copy of the chat.
func (r *Renderer) TranscriptForCustomer(v CustomerView) (Mail, error) {
	w := r.words(v.Locale)
	c := conversation{v.Entries, w.customerVoice(v.ToOther), w, location(v.Location)}
	brand, err := r.look(w, v.Brand)
	if err != nil {
		return Mail{}, err
	}
	m, err := r.transcript(w.customerLetter(v, brand), c, v.Brand, v.BodyLimit)
	if err == nil && v.Test {
		m = w.forTest(m)
	}
	return m, err
}

func (w *words) customerLetter(v CustomerView, brand look) letter {
	subject := w.customerSubject(v)
	lead, facts, name := w.customerLead(v.ToOther), w.customerFacts(v), v.greeted()
	preheader := w.preheader(lead, v.Entries)
	some := func(entries []Entry) CustomerView { v := v; v.Entries = entries; return v }
	return letter{
		subject: subject, name: "transcript/customer", ended: v.EndedAt, whole: v.Whole,
		text: func(entries []Entry, rest string) any {
			return &customerLetter{customerText{some(entries), w}, w, brand, name, lead, v.Cover, v.NoPDF, rest, facts}
		},
		html: func(entries []Entry, rest string) any {
			return &customerHTML{some(entries), w, brand, name, lead, v.Cover, v.NoPDF, subject, preheader, rest, facts}
		},
		within: func(room int) (letter, bool) {
			v, less := v.within(w, room)
			return w.customerLetter(v, brand), less
		},
	}
}

// TranscriptForInternal returns the mail with everything, for colleagues.
func (r *Renderer) TranscriptForInternal(v InternalView) (Mail, error) {
	w := r.words(v.Locale)
	c := conversation{v.Entries, &w.Internal, w, location(v.Location)}
	brand, err := r.look(w, v.Brand)
	if err != nil {
		return Mail{}, err
	}
	m, err := r.transcript(w.internalLetter(v, brand), c, v.Brand, v.BodyLimit)
	if err == nil && v.Test {
		m = w.forTest(m)
	}
	return m, err
}

func (w *words) internalLetter(v InternalView, brand look) letter {
	subject := w.internalSubject(v)
	preheader := w.preheader(w.InternalOnly, v.Entries)
	some := func(entries []Entry) InternalView { v := v; v.Entries = entries; return v }
	return letter{
		subject: subject, name: "transcript/internal", ended: v.EndedAt, whole: v.Whole,
		text: func(entries []Entry, rest string) any {
			return &internalText{recordText{some(entries).Record, w}, v.Notes, v.Deliveries, v.Cover, v.NoPDF, rest}
		},
		html: func(entries []Entry, rest string) any {
			return &internalHTML{some(entries), w, brand, subject, preheader, rest}
		},
		within: func(room int) (letter, bool) {
			v, less := v.within(w, room)
			return w.internalLetter(v, brand), less
		},
	}
}

// greeted is the name to greet the reader by, "" if it is not known.
func (v *CustomerView) greeted() string {
	if v.ToOther {
		return ""
	}
	return v.Name
}

// customerVoice is how people are spoken of to the customer, or to somebody else who
// reads the same and is not "you".
func (w *words) customerVoice(toOther bool) *voice {
	if !toOther {
		return &w.Customer
	}
	v := w.Customer
	v.User = w.Internal.User
	// Whom a chat was taken from, the user does not read, and so nobody else.
	v.TransferredFromTo, v.TransferredTo = w.Internal.TransferredTo, w.Internal.TransferredTo
	v.TransferredFrom, v.Transferred = w.Internal.Transferred, w.Internal.Transferred
	return &v
}

// customerLead is the first sentence to the customer, or to somebody else.
func (w *words) customerLead(toOther bool) string {
	if toOther {
		return w.CopyOfChat
	}
	return w.ThankYou
}

func (w *words) customerSubject(v CustomerView) string {
	if v.ToOther {
		return w.transcriptSubject(cmp.Or(v.Brand.Name(), v.Number), v.Product)
	}
	subject := w.YourChat
	if name := v.Brand.Name(); name != "" {
		subject = fill(w.YourChatWith, "{organization}", w.isolate(short(name, subjectNameLimit)))
	}
	if v.Product != "" {
		subject = fill(w.About, "{subject}", subject, "{about}", w.isolate(short(v.Product, subjectAboutLimit)))
	}
	return subject
}

func (w *words) internalSubject(v InternalView) string {
	return w.transcriptSubject(cmp.Or(v.User.Name, w.AVisitor), v.Product)
}

func (w *words) transcriptSubject(name, product string) string {
	name = w.isolate(short(name, subjectNameLimit))
	if product == "" {
		return fill(w.Transcript, "{name}", name)
	}
	return fill(w.TranscriptAbout, "{name}", name, "{about}", w.isolate(short(product, subjectAboutLimit)))
}

// preheader is what a list of mails shows after the subject: what was said first, so that
// one chat is told from the other.
func (w *words) preheader(lead string, entries []Entry) string {
	return strings.TrimSpace(lead + " " + w.isolate(short(firstWords(entries), preheaderLimit)))
}

func (r *Renderer) mail(subject, name string, text, html any) (Mail, error) {
	m := Mail{Subject: subject}
	var err error
	if m.Text, err = r.executeText(name+".txt", text); err != nil {
		return Mail{}, err
	}
	if m.HTML, err = r.executeHTML(name+".html", html); err != nil {
		return Mail{}, err
	}
	return m, nil
}
