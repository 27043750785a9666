package pdf

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unicode"

	"codeberg.org/go-fonts/dejavu/dejavusans"
	"codeberg.org/go-fonts/dejavu/dejavusansbold"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/fontscan"
)

// Fonts are what text can be shown with: DejaVu Sans, which is built in and has Latin,
// Cyrillic, Greek, Arabic and Hebrew among others, and then whatever this machine has.
// They are safe for concurrent use.
type Fonts struct {
	regular, bold *font.Font
	system        []fontscan.Footprint // the better ones first
	emoji         []fontscan.Footprint

	mu     sync.Mutex
	loaded map[font.FontID]*font.Font // nil for one that cannot be read
}

// BuiltInFonts returns the built-in fonts alone.
func BuiltInFonts() (*Fonts, error) { return newFonts(nil) }

// SystemFonts returns the built-in fonts and those of this machine. The first call in a
// process looks for them, which takes some tenths of a second. A machine without fonts
// is none to complain of.
func SystemFonts() (*Fonts, error) {
	// fontscan wants to keep an index; ours is as long-lived as the process. Where there is
	// no folder for temporary files, as in an image without one, Linux has another.
	dir, err := os.MkdirTemp("", indexPattern)
	if err != nil {
		dir, err = os.MkdirTemp("/dev/shm", indexPattern)
	}
	if err != nil {
		return newFonts(nil)
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary folder that stays is no harm to a PDF
	system, err := fontscan.SystemFonts(discard{}, dir)
	if err != nil {
		system = nil
	}
	return newFonts(system)
}

const indexPattern = "afterchat-fonts-"

// discard takes the scanner's remarks about files that it cannot read.
type discard struct{}

func (discard) Printf(string, ...any) {}

func newFonts(system []fontscan.Footprint) (*Fonts, error) {
	f := &Fonts{loaded: map[font.FontID]*font.Font{}}
	var err error
	if f.regular, err = parseFont(dejavusans.TTF); err != nil {
		return nil, err
	}
	if f.bold, err = parseFont(dejavusansbold.TTF); err != nil {
		return nil, err
	}
	for _, p := range system {
		switch {
		case p.Location.Instance != 0 || holdsNothing(p.Family):
		case strings.Contains(p.Family, "emoji"):
			f.emoji = append(f.emoji, p)
		default:
			f.system = append(f.system, p)
		}
	}
	slices.SortStableFunc(f.system, func(a, b fontscan.Footprint) int {
		return cmp.Or(cmp.Compare(oddness(a), oddness(b)), cmp.Compare(a.Family, b.Family), cmp.Compare(a.Location.File, b.Location.File))
	})
	return f, nil
}

func parseFont(ttf []byte) (*font.Font, error) {
	face, err := font.ParseTTF(bytes.NewReader(ttf))
	if err != nil {
		return nil, fmt.Errorf("reading a built-in font: %w", err)
	}
	return face.Font, nil
}

// holdsNothing reports fonts that have a glyph for every character and show none: they
// would turn what cannot be shown into boxes.
func holdsNothing(family string) bool {
	for _, name := range []string{"lastresort", "adobeblank", "notdef", "fallback"} {
		if strings.Contains(family, name) {
			return true
		}
	}
	return false
}

// oddness is how little a font looks like plain upright sans serif. Family names are
// normalized: lower case, without spaces.
func oddness(p fontscan.Footprint) int {
	n := 0
	if p.Aspect.Style == font.StyleItalic {
		n += 8
	}
	if p.Aspect.Weight != font.WeightNormal {
		n += 4
	}
	if p.Aspect.Stretch != font.StretchNormal {
		n += 4
	}
	for _, word := range []string{"mono", "serif", "math", "symbol"} {
		if strings.Contains(strings.ReplaceAll(p.Family, "sansserif", ""), word) {
			n += 2
		}
	}
	if !strings.Contains(p.Family, "sans") {
		n++
	}
	return n
}

// Has reports whether a character can be shown; one that shows nothing always can.
func (f *Fonts) Has(r rune) bool {
	return showsNothing(r) || hasGlyph(f.regular, r) || f.installed(r)
}

// OnlyBuiltIn reports a character that the built-in fonts have and this machine's own
// do not, so that another program here cannot show it.
func (f *Fonts) OnlyBuiltIn(r rune) bool {
	return !showsNothing(r) && hasGlyph(f.regular, r) && !f.listed(r)
}

func (f *Fonts) listed(r rune) bool {
	has := func(p fontscan.Footprint) bool { return p.Runes.Contains(r) }
	return slices.ContainsFunc(f.system, has) || slices.ContainsFunc(f.emoji, has)
}

// installed reports a character that one of this machine's fonts really draws.
func (f *Fonts) installed(r rune) bool {
	for _, list := range [][]fontscan.Footprint{f.system, f.emoji} {
		for _, p := range list {
			if p.Runes.Contains(r) && draws(f.load(p.Location), r) {
				return true
			}
		}
	}
	return false
}

// hasGlyph reports whether a font maps a character.
func hasGlyph(f *font.Font, r rune) bool {
	if f == nil {
		return false
	}
	_, ok := f.NominalGlyph(r)
	return ok
}

// draws reports whether a font has something to see for a character, in a form that can
// be put into a PDF.
func draws(f *font.Font, r rune) bool {
	if f == nil {
		return false
	}
	gid, ok := f.NominalGlyph(r)
	if !ok {
		return false
	}
	_, _, visible := drawing(font.NewFace(f), gid)
	return visible
}

// load reads a font of this machine once; nil if it cannot be read. Of a collection it
// reads the one face alone: those of CJK fonts are large.
func (f *Fonts) load(id font.FontID) *font.Font {
	f.mu.Lock()
	defer f.mu.Unlock()
	if loaded, ok := f.loaded[id]; ok {
		return loaded
	}
	f.loaded[id] = nil
	file, err := os.Open(filepath.Clean(id.File))
	if err != nil {
		return nil
	}
	defer file.Close()
	loaders, err := opentype.NewLoaders(file)
	if err != nil || int(id.Index) >= len(loaders) {
		return nil
	}
	if loaded, err := font.NewFont(loaders[id.Index]); err == nil {
		f.loaded[id] = loaded
	}
	return f.loaded[id]
}

// showsNothing reports characters that have nothing to see: joiners, marks of
// direction, variation selectors, tags, spaces.
func showsNothing(r rune) bool {
	switch {
	case r == '\n' || r == '\t' || unicode.IsSpace(r):
		return true
	case r == 0x00AD || r == 0x034F || r == 0x061C || r == 0x180E || r == 0xFEFF:
		return true
	case r >= 0x180B && r <= 0x180F, r >= 0x200B && r <= 0x200F, r >= 0x202A && r <= 0x202E, r >= 0x2060 && r <= 0x206F:
		return true
	case r >= 0xFE00 && r <= 0xFE0F, r >= 0xE0000 && r <= 0xE0FFF:
		return true
	}
	return false
}

// isEmoji reports characters that people expect in colour: those that Unicode gives an
// emoji presentation (UTS #51) are in these blocks, nearly all of them.
func isEmoji(r rune) bool {
	return r >= 0x1F000 && r <= 0x1FAFF || strings.ContainsRune("⌚⌛⏩⏪⏫⏬⏰⏳◽◾☔☕⚓⚡⚪⚫⚽⚾⛄⛅⛎⛔⛪⛲⛳⛵⛺⛽✅✊✋✨❌❎❓❔❕❗➕➖➗➰➿⬛⬜⭐⭕", r) ||
		r >= 0x2648 && r <= 0x2653 || r == 0x267F || r == 0x2693
}
