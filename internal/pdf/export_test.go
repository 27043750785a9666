package pdf

import (
	"time"

	"github.com/go-text/typesetting/fontscan"

	"github.com/afterchat/afterchat/templates"
)

// NewWith returns a Maker with fonts and a browser of the test's.
func NewWith(r *templates.Renderer, f *Fonts, browser string, observe func(engine, outcome string, took time.Duration)) *Maker {
	m := New(r, browser, observe)
	m.fonts = func() (*Fonts, error) { return f, nil }
	return m
}

// SetBrowserTime sets how long a browser may take for one document.
func (m *Maker) SetBrowserTime(d time.Duration) { m.patience = d }

// Visual sets text on lines and returns what is seen from left to right.
func Visual(f *Fonts, text string, width float64, rightToLeft bool) []string {
	var out []string
	for _, l := range newTypesetter(f, "en").lines([]span{{text: text}}, width, rightToLeft) {
		s := ""
		for _, c := range l.clusters {
			s += c.text
		}
		out = append(out, s)
	}
	return out
}

// Widths sets text on lines and returns how wide each is and of how many pieces.
func Widths(f *Fonts, text string, width float64) (widths []float64, pieces []int) {
	for _, l := range newTypesetter(f, "en").lines([]span{{text: text}}, width, false) {
		widths, pieces = append(widths, l.width), append(pieces, len(l.clusters))
	}
	return widths, pieces
}

// GlyphIDs returns the glyphs of text in the order of the text.
func GlyphIDs(f *Fonts, text string) []uint32 {
	var ids []uint32
	runes := []rune(text)
	t := newTypesetter(f, "en")
	styles := make([]*span, len(runes))
	for i := range styles {
		styles[i] = &span{}
	}
	for _, c := range t.clusters(runes, styles, false) {
		for _, g := range c.glyphs {
			ids = append(ids, uint32(g.GlyphID))
		}
	}
	return ids
}

// The limits of the engines.
const (
	BuiltInText = builtInText
	BrowserText = browserText
)

// CountSystem is how many fonts of the machine there are.
func CountSystem(f *Fonts) int { return len(f.system) + len(f.emoji) }

// Installed returns the built-in fonts as if this machine had them, too.
func Installed() (*Fonts, error) {
	f, err := BuiltInFonts()
	if err != nil {
		return nil, err
	}
	p := fontscan.Footprint{Family: "dejavusans"}
	for r := rune(' '); r < 0x3000; r++ {
		if hasGlyph(f.regular, r) {
			p.Runes.Add(r)
		}
	}
	f.system = append(f.system, p)
	return f, nil
}
