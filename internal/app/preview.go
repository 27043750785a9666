package app

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/chromium"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/fetch"
	"github.com/afterchat/afterchat/internal/pdf"
	"github.com/afterchat/afterchat/internal/plan"
	"github.com/afterchat/afterchat/internal/portrait"
	"github.com/afterchat/afterchat/templates"
	"github.com/afterchat/afterchat/workers"
)

// Trial is a transcript that somebody makes at a command, to see what would be sent. Chat
// is the snapshot's JSON; nil means a made-up one. Offline fetches none of the files and
// pictures that it names.
type Trial struct {
	Organization, Audience string
	Chat                   []byte
	Offline                bool
	// Fetch is for tests, whose file servers are on loopback.
	Fetch fetch.Options
	// marked says in the transcript that it is a test.
	marked bool
}

// The forms of a preview.
const (
	FormatText = "text"
	FormatHTML = "html"
	FormatPDF  = "pdf"
)

// trialTime bounds the making of one letter at a person's command.
const trialTime = time.Minute

// Preview writes a chat's transcript as it would be sent: as text with its subject, as the
// mail's HTML with its images in it, or as the PDF that would be attached. To notes it
// writes what goes with the mail, and what made a PDF.
func Preview(ctx context.Context, path string, t Trial, format string, out, notes io.Writer) error {
	c, o, s, err := chatOf(path, t.Organization, t.Chat)
	if err != nil {
		return err
	}
	var letter workers.Letter
	err = t.letter(ctx, c, o, s, chat.Key{}, format == FormatPDF, func(l workers.Letter) bool {
		letter = l
		return false
	})
	if err != nil {
		return err
	}
	if letter.NoPDF != nil {
		return fmt.Errorf("making the PDF: %w", letter.NoPDF)
	}
	switch format {
	case FormatPDF:
		_, err = out.Write(letter.Pages.Content)
		fmt.Fprintln(notes, "The PDF was made by "+madeBy(letter.Pages.Engine, letter.Pages.Fallback))
	case FormatHTML:
		_, err = io.WriteString(out, selfContained(letter))
	default:
		_, err = fmt.Fprintf(out, "Subject: %s\n\n%s", letter.Subject, letter.Text)
	}
	if err != nil {
		return fmt.Errorf("writing the transcript: %w", err)
	}
	if format != FormatPDF {
		noteFiles(notes, letter.Files)
	}
	return nil
}

func noteFiles(notes io.Writer, files []connectors.File) {
	for _, f := range files {
		how := "attached"
		if f.ContentID != "" {
			how = "shown in the mail"
		}
		fmt.Fprintf(notes, "With the mail goes %q (%s, %d bytes, %s).\n", f.Name, f.ContentType, len(f.Content), how)
	}
}

// selfContained returns a letter's HTML with the images in it that come beside it in a
// mail: a browser does not know where those are.
func selfContained(l workers.Letter) string {
	var pairs []string
	for _, f := range l.Files {
		if f.ContentID != "" {
			pairs = append(pairs, `src="cid:`+f.ContentID+`"`, `src="data:`+f.ContentType+";base64,"+base64.StdEncoding.EncodeToString(f.Content)+`"`)
		}
	}
	return strings.NewReplacer(pairs...).Replace(l.HTML)
}

// letter makes a transcript as the workers do and hands it to send, as Letters.Shrinking
// does. An organization's template that fails is an error here, and nothing is sent.
func (t Trial) letter(ctx context.Context, c *config.Config, o *config.Organization, s chat.Snapshot, key chat.Key, pages bool, send func(workers.Letter) (tooLarge bool)) error {
	var failed []error
	r, err := newRenderer(c, func(organization string, p templates.Problem) {
		if organization == o.ID {
			failed = append(failed, fault.New(fault.Invalid, "template", p.String()))
		}
	})
	if err != nil {
		return err
	}
	fetcher := fetch.New(t.Fetch)
	defer fetcher.Close()
	letters := workers.Letters{
		Renderer: r, Printer: pdf.New(r, chromium.Find(), unobserved), Fetcher: fetcher, Portraits: portrait.New(fetcher),
	}
	if t.Offline {
		letters.Portraits = portrait.New(offline{})
	}
	if t.Offline || t.Chat == nil { // what is made up lies nowhere
		letters.Fetcher = offline{}
	}
	options := workers.RenderOptions(o, nil)
	options.Test = t.marked
	ctx, cancel := context.WithTimeout(ctx, trialTime)
	defer cancel()
	err = letters.Shrinking(ctx, workers.LetterOrder{
		Organization: o, Key: key, Snapshot: s, Audience: chat.Audience(t.Audience), Options: options, PDF: pages,
	}, func(l workers.Letter) bool { return len(failed) == 0 && send(l) })
	if err != nil {
		return fmt.Errorf("making the transcript: %w", err)
	}
	return errors.Join(failed...)
}

// offline gets nothing, and says nothing about what is there.
type offline struct{}

func (offline) Get(context.Context, string, fetch.Limits) (fetch.File, error) {
	return fetch.File{}, fault.New(fault.Transient, "offline", "nothing is fetched")
}

// chatOf reads a configuration and a chat, nil for a made-up one, as its end would be
// taken in.
func chatOf(path, organization string, body []byte) (*config.Config, *config.Organization, chat.Snapshot, error) {
	c, err := LoadConfig(path)
	if err != nil {
		return nil, nil, chat.Snapshot{}, err
	}
	o, ok := c.Organizations[organization]
	if !ok {
		return nil, nil, chat.Snapshot{}, unknownOrganization(c, organization)
	}
	s := templates.Sample()
	if body != nil {
		if s, _, err = chat.ParseSnapshot(body); err != nil {
			return nil, nil, chat.Snapshot{}, fmt.Errorf("reading the chat: %w", err)
		}
	}
	s.Flags = plan.Flags(o, s)
	return c, o, s, nil
}
