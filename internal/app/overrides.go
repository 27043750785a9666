package app

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/templates"
)

// newRenderer reads the built-in templates and the organizations' own. What of these
// cannot be used is heard of once, and the built-in one stands in for it.
func newRenderer(c *config.Config, failed func(organization string, p templates.Problem)) (*templates.Renderer, error) {
	r, err := templates.New()
	if err != nil {
		return nil, fmt.Errorf("reading the templates: %w", err)
	}
	own := map[string]templates.Overrides{}
	for id, o := range c.Organizations {
		if o.Templates == "" {
			continue
		}
		overrides, problems := templates.ReadOverrides(os.DirFS(string(o.Templates)))
		for _, p := range problems {
			failed(id, p)
		}
		own[id] = overrides
	}
	return r.WithOverrides(own, failed), nil
}

// fellBack counts and logs that a built-in template stood in for an organization's. What
// the problem says stays out of the log: it can quote what was rendered.
func (m *metrics) fellBack(log *slog.Logger) func(organization string, p templates.Problem) {
	return func(organization string, p templates.Problem) {
		m.fallbacks.WithLabelValues(organization, templateLabel(p)).Inc()
		log.Warn("the built-in template stands in for an organization's that cannot be used",
			"organization", organization, "template", p.File, "line", p.Line)
	}
}

// templateLabel keeps the label to names that there are.
func templateLabel(p templates.Problem) string {
	if p.Unknown {
		return "unknown"
	}
	return p.File
}

// checkTemplates reads and tries an organization's own templates.
func checkTemplates(o *config.Organization) []finding {
	if o.Templates == "" {
		return nil
	}
	overrides, problems := templates.ReadOverrides(os.DirFS(string(o.Templates)))
	r, err := templates.New()
	if err == nil {
		problems = append(problems, r.Rehearse(overrides)...)
	}
	var findings []finding
	for _, p := range problems {
		if p.Unknown {
			p.Message += fmt.Sprintf("; the nearest is %q", config.Nearest(p.File, templates.Names()))
		}
		p.File = filepath.Join(string(o.Templates), filepath.FromSlash(p.File))
		findings = append(findings, finding{Level: "error", Organization: o.ID, Message: p.String()})
	}
	return findings
}

// Templates lists the built-in templates, or writes them into a folder, to begin an
// organization's own with. It replaces no file.
func Templates(folder string, out io.Writer) error {
	if folder == "" {
		for _, name := range templates.Names() {
			fmt.Fprintln(out, name)
		}
		return nil
	}
	for name, source := range templates.Export() {
		file := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return fmt.Errorf("exporting the templates: %w", err)
		}
		f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return fmt.Errorf("exporting the templates: %w", err)
		}
		_, err = f.WriteString(source)
		if closing := f.Close(); err == nil {
			err = closing
		}
		if err != nil {
			return fmt.Errorf("exporting the templates: %w", err)
		}
	}
	return nil
}
