package workers

import (
	"context"
	"strings"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/pdf"
	"github.com/afterchat/afterchat/templates"
)

// pdfTries is how many attempts a transcript waits for a PDF that there is no time to
// make. After that it goes without, and says so: the text is what the reader needs.
const pdfTries = 3

// again reports whether a PDF that failed so is to be tried once more before the letter
// goes without it.
func (o LetterOrder) again(err error) bool { return o.Patient && fault.Is(err, fault.Transient) }

// print makes the document into pages, with the images among the files, the logo and the
// photos in it.
func (l Letters) print(ctx context.Context, o LetterOrder, d templates.Document, files []connectors.File) (pdf.PDF, error) {
	d.Pictures = map[string]templates.Picture{}
	for _, f := range files {
		if f.ContentID != "" {
			d.Pictures[f.ContentID] = templates.Picture{ContentType: f.ContentType, Content: f.Content}
		}
	}
	hanging, cancel := context.WithTimeout(ctx, time.Until(o.until)/8)
	defer cancel()
	l.Portraits.Hang(hanging, &d)
	// The mail has still to be sent in the same time.
	making, stop := context.WithTimeout(ctx, time.Until(o.until)/2)
	defer stop()
	return l.Printer.Make(making, d)
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
