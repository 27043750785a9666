package templates

import (
	"cmp"
	htmltemplate "html/template"
)

// customerHTML is what HTML templates for the customer get.
type customerHTML struct {
	CustomerView
	T       *words
	Subject string
}

func (p customerHTML) Facts() htmltemplate.HTML   { return factTable(p.T.customerFacts(p.CustomerView)) }
func (p customerHTML) Answers() htmltemplate.HTML { return factTable(p.T.answers(p.Form)) }
func (p customerHTML) Messages() htmltemplate.HTML {
	return conversation{p.Entries, &p.T.Customer, p.T, location(p.Location)}.html(mailSkin())
}

// internalText is what the internal transcript's text gets: all there is.
type internalText struct {
	recordText
	Notes []Entry
	Cover string
	NoPDF bool
}

func (p internalText) NoteLines() string {
	return conversation{p.Notes, &p.T.Internal, p.T, location(p.Location)}.text()
}

// internalHTML is what the internal transcript's HTML gets: all there is.
type internalHTML struct {
	InternalView
	T       *words
	Subject string
}

func (p internalHTML) Facts() htmltemplate.HTML     { return factTable(p.T.internalFacts(p.Record)) }
func (p internalHTML) Answers() htmltemplate.HTML   { return factTable(p.T.answers(p.Form)) }
func (p internalHTML) FlagFacts() htmltemplate.HTML { return factTable(p.T.flagFacts(p.Flags)) }
func (p internalHTML) Messages() htmltemplate.HTML {
	return conversation{p.Entries, &p.T.Internal, p.T, location(p.Location)}.html(mailSkin())
}
func (p internalHTML) NoteEntries() htmltemplate.HTML {
	return conversation{p.InternalView.Notes, &p.T.Internal, p.T, location(p.Location)}.html(mailSkin())
}

// TranscriptForCustomer returns the mail with the customer's own copy of the chat.
func (r *Renderer) TranscriptForCustomer(v CustomerView) (Mail, error) {
	w := r.words(v.Locale)
	subject := w.customerSubject(v)
	return r.mail(subject, "transcript/customer", customerText{v, w}, customerHTML{v, w, subject})
}

// TranscriptForInternal returns the mail with everything, for colleagues.
func (r *Renderer) TranscriptForInternal(v InternalView) (Mail, error) {
	w := r.words(v.Locale)
	subject := w.internalSubject(v)
	return r.mail(subject, "transcript/internal", internalText{recordText{v.Record, w}, v.Notes, v.Cover, v.NoPDF}, internalHTML{v, w, subject})
}

func (w *words) customerSubject(v CustomerView) string {
	subject := w.YourChat
	if name := v.Brand.Name(); name != "" {
		subject = fill(w.YourChatWith, "{organization}", isolate(short(name, subjectNameLimit)))
	}
	if v.Product != "" {
		subject = fill(w.About, "{subject}", subject, "{about}", isolate(short(v.Product, subjectAboutLimit)))
	}
	return subject
}

func (w *words) internalSubject(v InternalView) string {
	name := isolate(short(cmp.Or(v.User.Name, w.AVisitor), subjectNameLimit))
	if v.Product == "" {
		return fill(w.Transcript, "{name}", name)
	}
	return fill(w.TranscriptAbout, "{name}", name, "{about}", isolate(short(v.Product, subjectAboutLimit)))
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
