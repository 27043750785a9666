package pdf

import (
	"slices"
	"strings"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/fontscan"
)

// chooser finds the font for each piece of one document's text. A face caches what it
// computes and is not safe for concurrent use, so every document has its own.
type chooser struct {
	fonts         *Fonts
	lang          string
	regular, bold *font.Face
	faces         map[*font.Font]*font.Face
	single        map[choice]*font.Face
}

type choice struct {
	r           rune
	bold, color bool
}

func newChooser(f *Fonts, lang string) *chooser {
	c := &chooser{fonts: f, lang: lang, faces: map[*font.Font]*font.Face{}, single: map[choice]*font.Face{}}
	c.regular, c.bold = c.face(f.regular), c.face(f.bold)
	return c
}

func (c *chooser) face(f *font.Font) *font.Face {
	if c.faces[f] == nil {
		c.faces[f] = font.NewFace(f)
	}
	return c.faces[f]
}

// forGrapheme returns the face that shows all of what is seen as one character, or that
// of its first rune.
func (c *chooser) forGrapheme(g []rune, bold bool) *font.Face {
	color := isEmoji(g[0]) || slices.Contains(g, 0xFE0F)
	first := c.forRune(choice{g[0], bold, color})
	for _, r := range g[1:] {
		if showsNothing(r) || hasGlyph(first.Font, r) {
			continue
		}
		if other := c.forRune(choice{r, bold, color}); covers(other.Font, g) {
			return other
		}
	}
	return first
}

func covers(f *font.Font, g []rune) bool {
	return !slices.ContainsFunc(g, func(r rune) bool { return !showsNothing(r) && !hasGlyph(f, r) })
}

func (c *chooser) forRune(ch choice) *font.Face {
	face, ok := c.single[ch]
	if !ok {
		face = c.search(ch)
		c.single[ch] = face
	}
	return face
}

func (c *chooser) search(ch choice) *font.Face {
	builtIn := c.regular
	if ch.bold && hasGlyph(c.bold.Font, ch.r) {
		builtIn = c.bold
	}
	if showsNothing(ch.r) {
		return builtIn
	}
	if ch.color {
		if f := c.first(c.fonts.emoji, ch.r); f != nil {
			return f
		}
	}
	if hasGlyph(builtIn.Font, ch.r) {
		return builtIn
	}
	if f := c.first(c.local(), ch.r); f != nil {
		return f
	}
	if f := c.first(c.fonts.system, ch.r); f != nil {
		return f
	}
	if f := c.first(c.fonts.emoji, ch.r); f != nil {
		return f
	}
	return builtIn
}

func (c *chooser) first(list []fontscan.Footprint, r rune) *font.Face {
	for _, p := range list {
		if p.Runes.Contains(r) {
			if f := c.fonts.load(p.Location); draws(f, r) {
				return c.face(f)
			}
		}
	}
	return nil
}

// local are the fonts made for the document's language where the same characters look
// otherwise in another: Chinese, Japanese, Korean.
func (c *chooser) local() []fontscan.Footprint {
	endings := map[string]string{"ja": "cjkjp", "ko": "cjkkr", "zh": "cjksc", "zh-tw": "cjktc", "zh-hant": "cjktc", "zh-hk": "cjkhk"}
	tag := strings.ToLower(c.lang)
	ending, ok := endings[tag]
	if !ok {
		language, _, _ := strings.Cut(tag, "-")
		ending, ok = endings[language]
	}
	if !ok {
		return nil
	}
	var list []fontscan.Footprint
	for _, p := range c.fonts.system {
		if strings.HasSuffix(p.Family, ending) {
			list = append(list, p)
		}
	}
	return list
}
