package app

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/chromium"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/pdf"
	"github.com/afterchat/afterchat/templates"
	"github.com/afterchat/afterchat/workers"
)

// previewTime bounds the making of one PDF at a person's command.
const previewTime = time.Minute

// unobserved is for PDFs that nobody counts.
func unobserved(string, string, time.Duration) {}

// PreviewPDF writes a chat's transcript as the PDF that would be attached, and to notes
// what made it.
func PreviewPDF(ctx context.Context, path, organization, audience string, body []byte, out, notes io.Writer) error {
	_, o, s, err := chatOf(path, organization, body)
	if err != nil {
		return err
	}
	r, err := templates.New()
	if err != nil {
		return fmt.Errorf("reading the templates: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, previewTime)
	defer cancel()
	made, err := pdf.New(r, chromium.Find(), unobserved).Make(ctx, workers.Document(r, chat.Audience(audience), s, workers.RenderOptions(o, nil)))
	if err != nil {
		return fmt.Errorf("making the PDF: %w", err)
	}
	if _, err := out.Write(made.Content); err != nil {
		return fmt.Errorf("writing the PDF: %w", err)
	}
	fmt.Fprintln(notes, madeBy(made.Engine, made.Fallback))
	return nil
}

func madeBy(engine string, fallback error) string {
	if fallback == nil {
		return "The PDF was made by " + engine + "."
	}
	return fmt.Sprintf("The PDF was made by the %s engine: %s", engine, fallback)
}

// pdfsFound says what to expect of PDFs, where a rule wants one.
func pdfsFound(ctx context.Context, c *config.Config) ([]finding, error) {
	wanted := false
	for _, o := range c.Organizations {
		wanted = wanted || slices.ContainsFunc(o.Transcripts, func(t config.TranscriptRule) bool { return t.PDF })
	}
	if !wanted {
		return nil, nil
	}
	r, err := templates.New()
	if err != nil {
		return nil, fmt.Errorf("reading the templates: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, previewTime)
	defer cancel()
	look, err := pdf.New(r, chromium.Find(), unobserved).Look(ctx)
	if err != nil {
		return nil, fmt.Errorf("trying to make a PDF: %w", err)
	}
	findings := []finding{{Level: "ok", Message: madeBy(look.Engine, look.Why)}}
	if len(look.Unshown) > 0 {
		findings = append(findings, finding{Level: "warning", Message: "no font here shows " + strings.Join(look.Unshown, ", ") +
			": in PDFs such characters are written as their numbers, as [U+8BF7], and counted at the end"})
	}
	return findings, nil
}
