package pdf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/png"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
)

// unit is how many parts an em has in what is shaped and in the fonts of the PDF.
const unit = 1000

// picture is a glyph that is an image; its box is in units of the em.
type picture struct {
	image      image.Image
	x, y, w, h float64
}

// drawing returns a glyph as the operators of a path (ISO 32000-1, 8.5), or as a
// picture. What is neither, as a glyph in SVG or one of many colours, is not visible.
func drawing(face *font.Face, gid font.GID) (path string, pic *picture, visible bool) {
	scale := unit / float64(face.Upem())
	if outline, ok := face.GlyphDataOutline(gid); ok && len(outline.Segments) > 0 {
		return outlinePath(outline.Segments, scale), nil, true
	}
	bitmap, ok := face.GlyphDataBitmap(gid)
	if !ok || bitmap.Format != font.PNG {
		return "", nil, false
	}
	decoded, err := png.Decode(bytes.NewReader(bitmap.Data))
	extents, ok := face.GlyphExtents(gid)
	if err != nil || !ok {
		return "", nil, false
	}
	return "", &picture{
		image: decoded, x: float64(extents.XBearing) * scale, y: float64(extents.YBearing+extents.Height) * scale,
		w: float64(extents.Width) * scale, h: -float64(extents.Height) * scale,
	}, true
}

// outlinePath writes cubic curves for TrueType's quadratic ones, which PDF does not have.
func outlinePath(segments []opentype.Segment, scale float64) string {
	var b strings.Builder
	var x, y float64
	at := func(p opentype.SegmentPoint) (float64, float64) { return float64(p.X) * scale, float64(p.Y) * scale }
	open := false
	for _, s := range segments {
		switch s.Op {
		case opentype.SegmentOpMoveTo:
			if open {
				b.WriteString("h\n")
			}
			open = true
			x, y = at(s.Args[0])
			fmt.Fprintf(&b, "%s %s m\n", num(x), num(y))
		case opentype.SegmentOpLineTo:
			x, y = at(s.Args[0])
			fmt.Fprintf(&b, "%s %s l\n", num(x), num(y))
		case opentype.SegmentOpQuadTo:
			cx, cy := at(s.Args[0])
			ex, ey := at(s.Args[1])
			curve(&b, x+(cx-x)*2/3, y+(cy-y)*2/3, ex+(cx-ex)*2/3, ey+(cy-ey)*2/3, ex, ey)
			x, y = ex, ey
		case opentype.SegmentOpCubeTo:
			ax, ay := at(s.Args[0])
			bx, by := at(s.Args[1])
			x, y = at(s.Args[2])
			curve(&b, ax, ay, bx, by, x, y)
		}
	}
	if open {
		b.WriteString("h\n")
	}
	return b.String()
}

func curve(b *strings.Builder, values ...float64) {
	for _, v := range values {
		b.WriteString(num(v) + " ")
	}
	b.WriteString("c\n")
}

// num writes a number with two decimals at most.
func num(v float64) string {
	s := fmt.Sprintf("%.2f", v)
	s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	if s == "-0" || s == "" {
		return "0"
	}
	return s
}

// glyphs are the fonts of one PDF. One code is one cluster: what was shaped out of a
// piece of text that cannot be divided, drawn whole, with that text as its meaning
// (ToUnicode). So copying and searching give the text back exactly, ligatures, marks and
// emoji of several characters included, and a font of any format needs no subsetting.
type glyphs struct {
	codes map[string][]code
	fonts []*typeThree
}

// code is a character of one of the PDF's fonts. Width is in units of the em.
type code struct {
	font  int
	value byte
	width float64
}

// typeThree is a font of at most 255 codes (ISO 32000-1, 9.6.5).
type typeThree struct {
	procedures []string
	widths     []float64
	meanings   []string
	pictures   []*picture // by their number in the procedures
	box        box
}

// box is what a glyph covers, in units of the em.
type box struct{ left, low, right, top float64 }

func (b *box) add(o box) {
	if *b == (box{}) {
		*b = o
		return
	}
	*b = box{min(b.left, o.left), min(b.low, o.low), max(b.right, o.right), max(b.top, o.top)}
}

func (b box) String() string {
	return num(math.Floor(b.left)) + " " + num(math.Floor(b.low)) + " " + num(math.Ceil(b.right)) + " " + num(math.Ceil(b.top))
}

func newGlyphs() *glyphs { return &glyphs{codes: map[string][]code{}} }

// code returns the codes that draw a cluster, from left to right: one, or where several
// characters run from right to left one for each. Programs that read a PDF turn such text
// around, and not all of them know that one code can mean several characters.
func (g *glyphs) code(c cluster) []code {
	key := clusterKey(c)
	codes, ok := g.codes[key]
	if ok {
		return codes
	}
	width := c.advance
	if len(c.glyphs) == 1 {
		// Kerning changes how far a glyph advances; the text around sees to that.
		width = float64(c.face.HorizontalAdvance(c.glyphs[0].GlyphID)) * unit / float64(c.face.Upem())
	}
	meanings := []string{c.text}
	if c.level%2 == 1 {
		meanings = strings.Split(c.text, "")
		slices.Reverse(meanings)
	}
	each := width / float64(len(meanings))
	for i, meaning := range meanings {
		p := procedure{width: each, meaning: meaning}
		if i == len(meanings)-1 {
			p.draw(c, -each*float64(i))
		}
		codes = append(codes, g.add(p))
	}
	g.codes[key] = codes
	return codes
}

func (g *glyphs) add(p procedure) code {
	if len(g.fonts) == 0 || len(g.fonts[len(g.fonts)-1].procedures) == 255 {
		g.fonts = append(g.fonts, &typeThree{})
	}
	t := g.fonts[len(g.fonts)-1]
	t.add(p)
	return code{font: len(g.fonts) - 1, value: byte(len(t.procedures)), width: p.width}
}

// clusterKey tells clusters apart that look or mean something else.
func clusterKey(c cluster) string {
	b := fmt.Appendf(nil, "%p%d%s", c.face.Font, c.level%2, c.text)
	for _, glyph := range c.glyphs {
		b = binary.AppendVarint(b, int64(glyph.GlyphID))
		b = binary.AppendVarint(b, int64(glyph.XOffset))
		b = binary.AppendVarint(b, int64(glyph.YOffset))
		if len(c.glyphs) > 1 {
			b = binary.AppendVarint(b, int64(glyph.Advance))
		}
	}
	return string(b)
}

// procedure is how one code is drawn and what it means. The pictures of its operators
// are numbered from zero.
type procedure struct {
	width     float64
	meaning   string
	operators []string
	pictures  []*picture
	box       box
}

func (p *procedure) draw(c cluster, pen float64) {
	for _, glyph := range c.glyphs {
		path, pic, _ := drawing(c.face, glyph.GlyphID)
		x, y := pen+points(glyph.XOffset), points(glyph.YOffset)
		pen += points(glyph.Advance)
		switch {
		case pic != nil:
			p.pictures = append(p.pictures, pic)
			p.operators = append(p.operators, fmt.Sprintf("q %s 0 0 %s %s %s cm /P%%d Do Q\n", num(pic.w), num(pic.h), num(x+pic.x), num(y+pic.y)))
		case path != "" && (x != 0 || y != 0):
			p.operators = append(p.operators, fmt.Sprintf("q 1 0 0 1 %s %s cm\n%sf Q\n", num(x), num(y), path))
		case path != "":
			p.operators = append(p.operators, path+"f\n")
		}
		if e, ok := c.face.GlyphExtents(glyph.GlyphID); ok && (path != "" || pic != nil) {
			scale := unit / float64(c.face.Upem())
			p.box.add(box{
				x + float64(e.XBearing)*scale, y + float64(e.YBearing+e.Height)*scale,
				x + float64(e.XBearing+e.Width)*scale, y + float64(e.YBearing)*scale,
			})
		}
	}
}

func (t *typeThree) add(p procedure) {
	// d1 takes the text's colour, d0 brings its own.
	body := num(p.width) + " 0 " + p.box.String() + " d1\n"
	if len(p.pictures) > 0 {
		body = num(p.width) + " 0 d0\n"
	}
	next := len(t.pictures)
	for _, o := range p.operators {
		if strings.Contains(o, "/P%d") {
			o = strings.Replace(o, "%d", strconv.Itoa(next), 1)
			next++
		}
		body += o
	}
	t.pictures = append(t.pictures, p.pictures...)
	t.procedures = append(t.procedures, body)
	t.widths = append(t.widths, p.width)
	t.meanings = append(t.meanings, p.meaning)
	t.box.add(p.box)
}

// toUnicode is the map from codes to text (ISO 32000-1, 9.10.3).
func (t *typeThree) toUnicode() string {
	var b strings.Builder
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n" +
		"/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n" +
		"1 begincodespacerange\n<00> <FF>\nendcodespacerange\n")
	for start := 0; start < len(t.meanings); start += 100 {
		some := t.meanings[start:min(start+100, len(t.meanings))]
		fmt.Fprintf(&b, "%d beginbfchar\n", len(some))
		for i, text := range some {
			fmt.Fprintf(&b, "<%02X> <%s>\n", start+i+1, hexUTF16(text))
		}
		b.WriteString("endbfchar\n")
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
	return b.String()
}

func hexUTF16(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	return b.String()
}
