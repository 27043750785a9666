package workers

import (
	"context"
	"strings"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/templates"
)

// pdfTries is how many attempts a transcript waits for a PDF that there is no time to
// make. After that it goes without, and says so: the text is what the reader needs.
const pdfTries = 3

// withPages puts the document, with the images among the files in it, before a mail's
// files where the plan says so; missing is true when it could not be made. An error asks
// for another try.
func (w *Worker) withPages(ctx context.Context, j job, files []connectors.File, document func() templates.Document) (with []connectors.File, missing bool, err error) {
	if !j.Params.PDF {
		return files, false, nil
	}
	d := document()
	d.Pictures = map[string]templates.Picture{}
	for _, f := range files {
		if f.ContentID != "" {
			d.Pictures[f.ContentID] = templates.Picture{ContentType: f.ContentType, Content: f.Content}
		}
	}
	hanging, cancel := context.WithTimeout(ctx, time.Until(j.Deadline)/8)
	defer cancel()
	w.Portraits.Hang(hanging, &d)
	// The mail has still to be sent within the lease.
	making, stop := context.WithTimeout(ctx, time.Until(j.Deadline)/2)
	defer stop()
	made, err := w.Printer.Make(making, d)
	switch {
	case err == nil:
		page := connectors.File{Name: PDFName(j.Conversation), ContentType: "application/pdf", Content: made.Content}
		return append([]connectors.File{page}, files...), false, nil
	case fault.Is(err, fault.Transient) && j.Attempts < pdfTries-1:
		return nil, false, err
	}
	w.Log.WarnContext(ctx, "a transcript goes without its PDF", "delivery", j.ID.String(), "code", fault.CodeOf(err))
	return files, true, nil
}

// Document is a transcript as the audience may see it. Whoever is not said to be internal
// is a customer.
func Document(r *templates.Renderer, audience chat.Audience, s chat.Snapshot, o templates.Options) templates.Document {
	if audience == chat.Internal {
		return r.DocumentForInternal(templates.ForInternal(s, o))
	}
	return r.DocumentForCustomer(templates.ForCustomer(s, o))
}

// longestNumber is how much of a chat's number stands in a file's name.
const longestNumber = 80

// PDFName returns the name of a chat's PDF, in letters that every system takes.
func PDFName(number string) string {
	safe := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
			return r
		}
		return '_'
	}, number)
	return "conversation-" + safe[:min(len(safe), longestNumber)] + ".pdf"
}
