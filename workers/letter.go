package workers

import (
	"context"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/pdf"
	"github.com/afterchat/afterchat/internal/portrait"
	"github.com/afterchat/afterchat/templates"
)

// Letters makes transcripts as they are mailed: what is read, what goes with it, and the
// pages. All fields are needed.
type Letters struct {
	Renderer  *templates.Renderer
	Printer   Printer
	Fetcher   Fetcher
	Portraits *portrait.Gallery
}

// LetterOrder says which transcript. Whoever is not said to be internal is a customer. Who
// is Patient gets the error of a PDF that there was no time for, to try again, and no
// letter without it.
type LetterOrder struct {
	Organization *config.Organization
	Key          chat.Key
	Snapshot     chat.Snapshot
	Audience     chat.Audience
	Options      templates.Options
	PDF, Patient bool

	// bare is a letter with neither a PDF nor files of the chat, because the mail server
	// does not take so large a mail. until is when it has to be on its way: fetching and
	// printing take their parts of the time until then.
	bare  bool
	until time.Time
}

// Letter is a transcript as it is mailed. Pages is its PDF, which is the first of Files;
// NoPDF says why there is none although it was wanted.
type Letter struct {
	Subject, Text, HTML string
	Files               []connectors.File
	Pages               pdf.PDF
	NoPDF               error
}

// size is about how many bytes a letter has. Which of two is larger, a mail server sees as
// this does.
func (l Letter) size() int {
	n := len(l.Text) + len(l.HTML)
	for _, f := range l.Files {
		n += len(f.Content)
	}
	return n
}

// compose makes a letter. It gets what goes with it of the files that this audience sees.
func (l Letters) compose(ctx context.Context, o LetterOrder) (Letter, error) {
	r := l.Renderer.For(o.Organization.ID)
	if o.Audience == chat.Internal {
		view := templates.ForInternal(o.Snapshot, o.Options)
		return l.make(ctx, o, view.Entries,
			func() templates.Document { return r.DocumentForInternal(view) },
			func(noPDF bool) (templates.Mail, error) {
				view.NoPDF = noPDF
				return r.TranscriptForInternal(view)
			})
	}
	view := templates.ForCustomer(o.Snapshot, o.Options)
	return l.make(ctx, o, view.Entries,
		func() templates.Document { return r.DocumentForCustomer(view) },
		func(noPDF bool) (templates.Mail, error) {
			view.NoPDF = noPDF
			return r.TranscriptForCustomer(view)
		})
}

// make goes the same way for each audience. What is fetched is noted in the entries, which
// the document and the mail are made from.
func (l Letters) make(ctx context.Context, o LetterOrder, entries []templates.Entry, document func() templates.Document, mail func(noPDF bool) (templates.Mail, error)) (Letter, error) {
	var out Letter
	var files []connectors.File
	var left int64
	if !o.bare {
		files, left = l.fetchFiles(ctx, o, entries)
	}
	switch {
	case o.PDF && o.bare:
		out.NoPDF = fault.New(fault.Invalid, "too_large", "the mail server takes no mail so large")
	case o.PDF:
		var err error
		if out.Pages, err = l.print(ctx, o, document(), files); err != nil {
			if o.again(err) {
				return Letter{}, err
			}
			out.NoPDF = err
		} else {
			page := connectors.File{Name: PDFName(o.Snapshot.ID), ContentType: "application/pdf", Content: out.Pages.Content}
			files = append([]connectors.File{page}, files...)
		}
	}
	m, err := mail(out.NoPDF != nil)
	if err != nil {
		return Letter{}, err
	}
	// An image that the mail does not show, because its message was cut away or the
	// organization's template shows none, is a file like others.
	if kept, changed := takeDown(m.HTML, entries, files, left); changed {
		files = kept
		// Once more, because the whole text tells of each file where it is. What is shown
		// stays as it is: only what is not shown has changed.
		if m, err = mail(out.NoPDF != nil); err != nil {
			return Letter{}, err
		}
	}
	for _, f := range m.Files {
		files = append(files, connectors.File{Name: f.Name, ContentType: f.ContentType, Content: f.Content})
	}
	out.Subject, out.Text, out.HTML, out.Files = m.Subject, m.Text, m.HTML, files
	return out, nil
}
