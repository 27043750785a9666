package workers

import (
	"context"
	"strings"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/templates"
)

// pdfTries is how many attempts a transcript waits for a PDF that there is no time to
// make. After that it goes without, and says so: the text is what the reader needs.
const pdfTries = 3

// pages makes the transcript that goes with a mail as a file. It takes up half of what
// is left of the lease at most, because the mail has still to be sent in it.
func (w *Worker) pages(ctx context.Context, j job, s chat.Snapshot, o templates.Options) (connectors.File, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Until(j.Deadline)/2)
	defer cancel()
	made, err := w.Printer.Make(ctx, Document(w.Renderer, j.Params.Audience, s, o))
	if err != nil {
		return connectors.File{}, err
	}
	return connectors.File{Name: PDFName(s.ID), ContentType: "application/pdf", Content: made.Content}, nil
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
