package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/mattn/go-isatty"

	"github.com/afterchat/afterchat/internal/app"
)

type checkCommand struct {
	configFlag
	Probe bool `help:"Also sign in to every desk, SMTP and SMS account, and look for the groups and fields that rules name; reads only."`
	JSON  bool `name:"json" help:"Print JSON."`
}

// Run validates a configuration.
func (c checkCommand) Run(ctx context.Context, s streams) error {
	ok, err := app.Check(ctx, c.Config, c.Probe, c.JSON, s.out)
	if err != nil {
		return err
	}
	if !ok {
		return errQuiet
	}
	return nil
}

type chatFlags struct {
	configFlag
	Organization string `required:"" help:"The organization's id."`
	Chat         string `arg:"" placeholder:"CHAT.json" help:"The snapshot; - reads standard input."`
}

func (f chatFlags) read() ([]byte, error) {
	if f.Chat == "-" {
		return io.ReadAll(os.Stdin)
	}
	body, err := os.ReadFile(f.Chat)
	if err != nil {
		return nil, fmt.Errorf("reading the chat: %w", err)
	}
	return body, nil
}

type planCommand struct {
	chatFlags
	JSON bool `name:"json" help:"Print JSON."`
}

// Run shows what would be delivered.
func (c planCommand) Run(s streams) error {
	body, err := c.read()
	if err != nil {
		return err
	}
	return app.Plan(c.Config, c.Organization, body, c.JSON, s.out)
}

type previewCommand struct {
	chatFlags
	Audience string `enum:"customer,internal" default:"customer" help:"Who will read: customer or internal."`
	Format   string `enum:"html,text,pdf" default:"text" help:"html, text or pdf."`
	Output   string `type:"path" placeholder:"FILE" help:"Write to this file instead of standard output."`
	offlineFlag
}

// isTerminal reports whether what is written there comes before somebody's eyes.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// offlineFlag is that of the commands that make a transcript.
type offlineFlag struct {
	Offline bool `help:"Fetch no attachments and no pictures: they are linked, or left out."`
}

// Run writes the transcript.
func (c previewCommand) Run(ctx context.Context, s streams) error {
	body, err := c.read()
	if err != nil {
		return err
	}
	if c.Format == app.FormatPDF && c.Output == "" && isTerminal(s.out) {
		return errors.New("a PDF is nothing for a terminal: name a file with --output")
	}
	var out bytes.Buffer
	t := app.Trial{Organization: c.Organization, Audience: c.Audience, Chat: body, Offline: c.Offline}
	if err := app.Preview(ctx, c.Config, t, c.Format, &out, s.err); err != nil {
		return err
	}
	if c.Output == "" {
		_, err = out.WriteTo(s.out)
	} else {
		err = os.WriteFile(c.Output, out.Bytes(), 0o600)
	}
	if err != nil {
		return fmt.Errorf("writing the transcript: %w", err)
	}
	return nil
}

type sendTestCommand struct {
	configFlag
	Organization string `required:"" help:"The organization's id."`
	To           string `required:"" placeholder:"ADDRESS" help:"Who gets it."`
	Audience     string `enum:"customer,internal" default:"customer" help:"What it shows: customer or internal."`
	PDF          bool   `name:"pdf" help:"Attach the transcript as a PDF, too."`
	Force        bool   `help:"Send it although the address is suppressed."`
	offlineFlag
	JSON bool   `name:"json" help:"Print JSON."`
	Chat string `arg:"" optional:"" placeholder:"CHAT.json" help:"The snapshot; - reads standard input. Without it: a made-up one."`
}

// Run mails the transcript, marked as a test.
func (c sendTestCommand) Run(ctx context.Context, s streams) error {
	m := app.TestMail{Trial: app.Trial{Organization: c.Organization, Audience: c.Audience, Offline: c.Offline}, To: c.To, PDF: c.PDF, Force: c.Force}
	if c.Chat != "" {
		var err error
		if m.Chat, err = (chatFlags{Chat: c.Chat}).read(); err != nil {
			return err
		}
	}
	err := app.SendTest(ctx, c.Config, m, c.JSON, s.out, s.err)
	if errors.Is(err, app.ErrNotSent) {
		return errQuiet
	}
	return err
}

type templatesCommand struct {
	Export string `type:"path" placeholder:"DIR" help:"Write them into this folder, to begin your own with; replaces no file."`
}

// Run lists or exports the built-in templates.
func (c templatesCommand) Run(s streams) error { return app.Templates(c.Export, s.out) }

type schemaCommand struct {
	Of string `arg:"" enum:"config,snapshot" help:"config or snapshot."`
}

// Run prints a JSON Schema.
func (c schemaCommand) Run(s streams) error { return app.Schema(c.Of, s.out) }

type openapiCommand struct{}

// Run prints the OpenAPI description.
func (openapiCommand) Run(s streams) error { return app.OpenAPI(s.out) }
