package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/afterchat/afterchat/internal/chromium"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/pdf"
	"github.com/afterchat/afterchat/templates"
)

// unobserved is for PDFs that nobody counts.
func unobserved(string, string, time.Duration) {}

// madeBy names an engine, and why it is not Chromium.
func madeBy(engine string, fallback error) string {
	if fallback == nil {
		return "Chromium"
	}
	return fmt.Sprintf("the %s engine: %s", engine, fallback)
}

// pdfsFound says what to expect of PDFs, where a rule wants one.
func pdfsFound(ctx context.Context, c *config.Config) ([]finding, error) {
	var logos []finding
	wanted := false
	for _, id := range slices.Sorted(maps.Keys(c.Organizations)) {
		o := c.Organizations[id]
		if !slices.ContainsFunc(o.Transcripts, func(t config.TranscriptRule) bool { return t.PDF }) {
			continue
		}
		wanted = true
		if strings.HasPrefix(strings.ToLower(o.Brand.LogoURL), "http:") {
			logos = append(logos, finding{Level: "warning", Organization: id, Message: "organizations." + id + ".brand.logo_url is not https: PDFs have the name instead"})
		}
	}
	if !wanted {
		return nil, nil
	}
	r, err := templates.New()
	if err != nil {
		return nil, fmt.Errorf("reading the templates: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, trialTime)
	defer cancel()
	look, err := pdf.New(r, chromium.Find(), unobserved).Look(ctx)
	if err != nil {
		return nil, fmt.Errorf("trying to make a PDF: %w", err)
	}
	findings := []finding{{Level: "ok", Message: "PDFs are made by " + madeBy(look.Engine, look.Why)}}
	if len(look.Unshown) > 0 {
		findings = append(findings, finding{Level: "warning", Message: "no font here shows " + strings.Join(look.Unshown, ", ") +
			": in PDFs such characters are written as their numbers, as [U+8BF7], and counted at the end"})
	}
	return append(findings, logos...), nil
}
