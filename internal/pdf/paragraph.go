package pdf

import (
	"slices"
	"strings"
	"unicode"

	"github.com/go-text/typesetting/bidi"
	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/segmenter"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
	unicodebidi "golang.org/x/text/unicode/bidi"
)

// span is text in one style. Color is the operands of "rg"; link a web address or "".
type span struct {
	text  string
	bold  bool
	color string
	link  string
}

// cluster is a piece of shaped text that cannot be divided; advance is in units of the em.
type cluster struct {
	span    *span
	face    *font.Face
	glyphs  []shaping.Glyph
	text    string
	advance float64
	level   bidi.Level
	space   bool
	// mayBreak allows a line to end after it.
	mayBreak bool
}

// line is text for one line, from left to right. Width is in units of the em.
type line struct {
	clusters    []cluster
	width       float64
	rightToLeft bool
}

// typesetter turns text into lines: direction (UAX #9), fonts, shaping, breaking (UAX
// #14). It is for one document.
type typesetter struct {
	choose    *chooser
	language  language.Language
	direction bidi.Paragraph
	segments  segmenter.Segmenter
	shaper    shaping.HarfbuzzShaper
}

func newTypesetter(f *Fonts, lang string) *typesetter {
	return &typesetter{choose: newChooser(f, lang), language: language.NewLanguage(lang)}
}

// lines sets one paragraph, which has no "\n", to a width in units of the em. It runs as
// its first strong letter says, or as the document where it has none.
func (t *typesetter) lines(spans []span, width float64, rightToLeft bool) []line {
	var text []rune
	var styles []*span
	for _, s := range spans {
		for _, r := range strings.ReplaceAll(s.text, "\t", "    ") {
			text = append(text, r)
			styles = append(styles, &s)
		}
	}
	if len(text) == 0 {
		return []line{{rightToLeft: rightToLeft}}
	}
	rightToLeft = baseDirection(text, rightToLeft)
	clusters := t.clusters(text, styles, rightToLeft)
	var lines []line
	for len(clusters) > 0 {
		n := fit(clusters, width)
		lines = append(lines, visual(trimmed(clusters[:n]), rightToLeft))
		clusters = clusters[n:]
	}
	return lines
}

// baseDirection is rules P2 and P3 of UAX #9.
func baseDirection(text []rune, rightToLeft bool) bool {
	isolated := 0
	for _, r := range text {
		switch p, _ := unicodebidi.LookupRune(r); p.Class() {
		case unicodebidi.LRI, unicodebidi.RLI, unicodebidi.FSI:
			isolated++
		case unicodebidi.PDI:
			isolated = max(isolated-1, 0)
		case unicodebidi.L:
			if isolated == 0 {
				return false
			}
		case unicodebidi.R, unicodebidi.AL:
			if isolated == 0 {
				return true
			}
		default:
		}
	}
	return rightToLeft
}

// item is text that is shaped together.
type item struct {
	start, end int
	level      bidi.Level
	face       *font.Face
	script     language.Script
	span       *span
}

// clusters shapes a paragraph. They come in the order of the text.
func (t *typesetter) clusters(text []rune, styles []*span, rightToLeft bool) []cluster {
	// The algorithm's own guess at the base direction skips nothing, ours skips isolates.
	base := bidi.LeftToRight
	if rightToLeft {
		base = bidi.RightToLeft
	}
	levels := make([]bidi.Level, len(text))
	runs := t.direction.Segment(text, base)
	for i := range runs.NumRuns() {
		r := runs.Run(i)
		for j := r.Start; j < r.End; j++ {
			levels[j] = r.Level
		}
	}
	items := t.items(text, styles, levels)
	breaks := t.breaks(text)
	var all []cluster
	for _, it := range items {
		all = t.shape(all, text, it, breaks)
	}
	return all
}

// items divides text where the level, the style, the script or the font changes. A
// script of its own have letters alone; marks, digits and punctuation go with what is
// before them.
func (t *typesetter) items(text []rune, styles []*span, levels []bidi.Level) []item {
	t.segments.Init(text)
	var items []item
	for iter := t.segments.GraphemeIterator(); iter.Next(); {
		g := iter.Grapheme()
		at, end := g.Offset, g.Offset+len(g.Text)
		next := item{at, end, levels[at], t.choose.forGrapheme(g.Text, styles[at].bold), scriptOf(g.Text), styles[at]}
		if len(items) > 0 {
			last := &items[len(items)-1]
			same := next.script == last.script || next.script == language.Common || last.script == language.Common
			if same && next.level == last.level && next.face == last.face && next.span == last.span {
				if last.script == language.Common {
					last.script = next.script
				}
				last.end = end
				continue
			}
		}
		items = append(items, next)
	}
	return items
}

func scriptOf(g []rune) language.Script {
	for _, r := range g {
		if s := language.LookupScript(r); s != language.Common && s != language.Inherited && s != language.Unknown {
			return s
		}
	}
	return language.Common
}

// breaks marks the runes after which a line may end.
func (t *typesetter) breaks(text []rune) []bool {
	t.segments.Init(text)
	may := make([]bool, len(text))
	for iter := t.segments.LineIterator(); iter.Next(); {
		l := iter.Line()
		may[l.Offset+len(l.Text)-1] = true
	}
	return may
}

func (t *typesetter) shape(all []cluster, text []rune, it item, breaks []bool) []cluster {
	in := shaping.Input{
		Text: text, RunStart: it.start, RunEnd: it.end, Face: it.face, Size: fixed.I(unit),
		Direction: di.DirectionLTR, Script: it.script, Language: t.language,
	}
	if it.level%2 == 1 {
		in.Direction = di.DirectionRTL
	}
	shaped := t.shaper.ShapeNoExtents(in).Glyphs
	first := len(all)
	for len(shaped) > 0 {
		n := max(shaped[0].GlyphsCount(), 1)
		at := shaped[0].TextIndex()
		end := at + shaped[0].RunesCount()
		c := cluster{
			span: it.span, face: it.face, glyphs: slices.Clone(shaped[:n]), text: string(text[at:end]), level: it.level,
			mayBreak: breaks[end-1],
		}
		// A mark on a space is something to see.
		c.space = strings.TrimFunc(c.text, unicode.IsSpace) == ""
		for _, g := range c.glyphs {
			c.advance += points(g.Advance)
		}
		all = append(all, c)
		shaped = shaped[n:]
	}
	if it.level%2 == 1 {
		slices.Reverse(all[first:])
	}
	return all
}

// points turns shaped units, of which there are a thousand to the em, into a number.
func points(v fixed.Int26_6) float64 { return float64(v) / 64 }

// fit returns how many clusters go on a line: up to the last place where it may end; in
// a word longer than a line, as many as there is room for, one at least. Spaces at the
// end may stick out.
func fit(clusters []cluster, width float64) int {
	used, last := 0.0, 0
	for i, c := range clusters {
		used += c.advance
		if used > width && !c.space && i > 0 {
			if last > 0 {
				return last
			}
			return i
		}
		if c.mayBreak {
			last = i + 1
		}
	}
	return len(clusters)
}

func trimmed(clusters []cluster) []cluster {
	for len(clusters) > 1 && clusters[len(clusters)-1].space {
		clusters = clusters[:len(clusters)-1]
	}
	return clusters
}

// visual puts a line's clusters into the order in which they stand from left to right:
// rule L2 of UAX #9.
func visual(logical []cluster, rightToLeft bool) line {
	l := line{clusters: slices.Clone(logical), rightToLeft: rightToLeft}
	var highest, lowestOdd bidi.Level = 0, 127
	for _, c := range logical {
		l.width += c.advance
		highest = max(highest, c.level)
		if c.level%2 == 1 {
			lowestOdd = min(lowestOdd, c.level)
		}
	}
	for level := highest; level >= lowestOdd; level-- {
		for i := 0; i < len(l.clusters); i++ {
			if l.clusters[i].level < level {
				continue
			}
			start := i
			for i < len(l.clusters) && l.clusters[i].level >= level {
				i++
			}
			slices.Reverse(l.clusters[start:i])
		}
	}
	return l
}
