package pdf

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/afterchat/afterchat/templates"
)

// The page is A4 (ISO 216), in points; what is set in it likewise.
const (
	pageWidth, pageHeight = 595.28, 841.89
	sideMargin            = 48.0
	topMargin             = 48.0
	bottomMargin          = 60.0
	footerAt              = 30.0
	contentWidth          = pageWidth - 2*sideMargin
	labelWidth            = contentWidth * 0.32
	padding               = 8.0
	leading               = 1.45
)

// The sizes of text and its colours, as operands of "rg".
const (
	sizeText, sizeFact, sizeSmall, sizeTitle, sizeBrand = 10.5, 9.5, 8.5, 12.0, 13.0

	ink, mute, linkBlue  = "0.067 0.094 0.153", "0.357 0.392 0.439", "0.114 0.306 0.847"
	paleBlue, paleGrey   = "0.91 0.941 0.996", "0.953 0.957 0.965"
	ruleGrey, neutralRGB = "0.839 0.855 0.878", "0.216 0.255 0.318"
	alarm                = "0.725 0.11 0.11"
)

// book lays out one document.
type book struct {
	w           *writer
	glyphs      *glyphs
	set         *typesetter
	rightToLeft bool
	pages       []page
	content     bytes.Buffer // of the page being written
	links       []string     // annotations of that page
	pictures    map[string]templates.Picture
	photos      map[string]templates.Picture
	faces       map[string]*drawn // those of the photos that were needed so far
	images      []int             // the objects of those that were drawn
	y           float64           // the top of what comes next
}

type page struct {
	content int
	links   []string
}

// layOut writes a document with this package's own means. It stops when ctx is done.
func layOut(ctx context.Context, d templates.Document, f *Fonts) ([]byte, error) {
	b := &book{
		w: newWriter(), glyphs: newGlyphs(), set: newTypesetter(f, d.Lang), rightToLeft: d.Dir == "rtl",
		pictures: d.Pictures, photos: d.Photos, faces: map[string]*drawn{}, y: pageHeight - topMargin,
	}
	b.head(d)
	for _, s := range d.Sections {
		if err := b.section(ctx, s); err != nil {
			return nil, err
		}
	}
	if len(d.Closing) > 0 {
		b.space(12)
		b.rule(ruleGrey, 0.6)
		for _, l := range d.Closing {
			b.paragraph(span{text: l, color: mute}, sizeSmall)
		}
	}
	b.endPage()
	return b.finish(d), nil
}

func (b *book) head(d templates.Document) {
	if d.Banner != "" {
		b.paragraph(span{text: d.Banner, bold: true, color: alarm}, sizeText)
		b.space(4)
	}
	b.rule(rgb(d.Brand.Accent()), 3)
	b.space(8)
	if name := d.Brand.Name(); !b.logo(d.Logo) && name != "" {
		b.paragraph(span{text: name, bold: true, color: ink}, sizeBrand)
	}
	b.space(4)
	b.paragraph(span{text: d.Title, bold: true, color: ink}, sizeTitle)
	for _, l := range d.Lead {
		b.paragraph(span{text: l, color: ink}, sizeText)
	}
	if d.Warning != "" {
		b.paragraph(span{text: d.Warning, bold: true, color: ink}, sizeText)
	}
}

func (b *book) section(ctx context.Context, s templates.Section) error {
	if s.Title != "" {
		b.space(12)
		b.room(3.5 * leading * sizeTitle)
		b.rule(ruleGrey, 0.6)
		b.space(6)
		b.paragraph(span{text: s.Title, bold: true, color: ink}, sizeText+0.5)
	}
	b.space(3)
	for _, f := range s.Facts {
		b.fact(f)
	}
	for _, p := range s.Parts {
		if err := ctx.Err(); err != nil {
			return err
		}
		b.part(p)
	}
	return nil
}

// fact writes a label and, beside it, its value. A row may go over pages.
func (b *book) fact(f templates.Fact) {
	color := ink
	if f.URL != "" {
		color = linkBlue
	}
	label := b.lines(span{text: f.Label, color: mute}, sizeFact, labelWidth-padding)
	value := b.lines(span{text: f.Value, color: color, link: f.URL}, sizeFact, contentWidth-labelWidth)
	labelX, valueX := sideMargin, sideMargin+labelWidth
	if b.rightToLeft {
		labelX, valueX = pageWidth-sideMargin-labelWidth+padding, sideMargin
	}
	for i := range max(len(label), len(value)) {
		b.room(sizeFact * leading)
		if i < len(label) {
			b.start(label[i], sizeFact, labelX, labelWidth-padding)
		}
		if i < len(value) {
			b.start(value[i], sizeFact, valueX, contentWidth-labelWidth)
		}
		b.y -= sizeFact * leading
	}
	b.space(2)
}

func (b *book) part(p templates.Part) {
	switch {
	case p.Said != nil:
		b.said(p.Said)
	default:
		b.space(7)
		if p.Day != "" {
			b.room(5 * sizeText * leading) // not alone at the end of a page
		}
		for _, l := range b.lines(span{text: p.Day + p.Event, color: mute}, sizeSmall, contentWidth) {
			b.room(sizeSmall * leading)
			width := l.width * sizeSmall / unit
			b.draw(l, sizeSmall, sideMargin+(contentWidth-width)/2, width)
			b.y -= sizeSmall * leading
		}
	}
}

// said writes who spoke and, on a ground of its own, what was said.
func (b *book) said(s *templates.Said) {
	b.space(6)
	b.room(faceSize + 2*sizeText*leading + padding)
	b.speaker(s)
	ground := paleGrey
	if s.Own {
		ground = paleBlue
	}
	b.space(2)
	b.ground(ground, padding/2)
	if s.Text != "" {
		for l := range strings.SplitSeq(s.Text, "\n") {
			b.grounded(span{text: l, color: ink}, sizeText, ground)
		}
	}
	for _, f := range s.Files {
		color := ink
		if f.URL != "" {
			color = linkBlue
		}
		b.grounded(span{text: f.Line, color: color, link: f.URL}, sizeFact, ground)
		b.picture(f.CID, ground)
	}
	b.ground(ground, padding/2)
}

// speaker writes who spoke, beside a photo if there is one.
func (b *book) speaker(s *templates.Said) {
	indent, above := b.face(s.Photo), 0.0
	if indent > 0 {
		above = (faceSize - sizeSmall*leading) / 2
	}
	x := sideMargin + indent
	if b.rightToLeft {
		x = sideMargin
	}
	// Isolated, the name does not decide which way the line runs.
	b.y -= above
	name := span{text: "\u2068" + s.Name + "\u2069", bold: true, color: ink}
	for _, l := range b.set.lines([]span{name, {text: " " + strings.TrimSpace(s.Role+" "+s.Clock), color: mute}}, (contentWidth-indent)*unit/sizeSmall, b.rightToLeft) {
		b.room(sizeSmall * leading)
		b.start(l, sizeSmall, x, contentWidth-indent)
		b.y -= sizeSmall * leading
	}
	b.y -= above
}

func (b *book) grounded(s span, size float64, ground string) {
	for _, l := range b.lines(s, size, contentWidth-2*padding) {
		b.room(size * leading)
		top := b.y
		b.ground(ground, size*leading)
		b.y = top
		b.draw(l, size, sideMargin+padding, contentWidth-2*padding)
		b.y -= size * leading
	}
}

// ground colours a stripe as high as what comes next, a hair more so that stripes join.
func (b *book) ground(color string, height float64) {
	fmt.Fprintf(&b.content, "%s rg %s %s %s %s re f\n", color, num(sideMargin), num(b.y-height-0.2), num(contentWidth), num(height+0.2))
	b.y -= height
}

func (b *book) paragraph(s span, size float64) {
	for _, l := range b.lines(s, size, contentWidth) {
		b.room(size * leading)
		b.start(l, size, sideMargin, contentWidth)
		b.y -= size * leading
	}
}

// lines sets text that may have several paragraphs.
func (b *book) lines(s span, size, width float64) []line {
	var all []line
	for text := range strings.SplitSeq(s.text, "\n") {
		all = append(all, b.set.lines([]span{{text, s.bold, s.color, s.link}}, width*unit/size, b.rightToLeft)...)
	}
	return all
}

func (b *book) rule(color string, height float64) {
	fmt.Fprintf(&b.content, "%s rg %s %s %s %s re f\n", color, num(sideMargin), num(b.y-height), num(contentWidth), num(height))
	b.y -= height
}

// space leaves room, but none at the top of a page.
func (b *book) space(height float64) {
	if b.y < pageHeight-topMargin {
		b.y -= height
	}
}

// room begins a new page unless there is so much room.
func (b *book) room(height float64) {
	if b.y-height < bottomMargin {
		b.endPage()
	}
}

// start draws a line from where the document's lines start, whichever way it runs itself.
func (b *book) start(l line, size, x, width float64) {
	l.rightToLeft = b.rightToLeft
	b.draw(l, size, x, width)
}

// draw writes a line that begins at x, or ends at x+width where it runs from right to left.
func (b *book) draw(l line, size, x, width float64) {
	if l.rightToLeft {
		x += width - l.width*size/unit
	}
	baseline := b.y - size*1.1
	var shown string
	current, color := -1, ""
	flush := func() {
		if shown != "" {
			b.content.WriteString("[" + shown + "] TJ\n")
			shown = ""
		}
	}
	fmt.Fprintf(&b.content, "BT 1 0 0 1 %s %s Tm\n", num(x), num(baseline))
	for _, c := range l.clusters {
		if c.advance == 0 && strings.TrimFunc(c.text, showsNothing) == "" {
			continue
		}
		if c.span.color != color {
			flush()
			color = c.span.color
			b.content.WriteString(color + " rg\n")
		}
		width := 0.0
		for _, code := range b.glyphs.code(c) {
			if code.font != current {
				flush()
				current = code.font
				fmt.Fprintf(&b.content, "/F%d %s Tf\n", current, num(size))
			}
			shown += fmt.Sprintf("<%02X>", code.value)
			width += code.width
		}
		if off := width - c.advance; off > 0.05 || off < -0.05 {
			shown += num(off)
		}
	}
	flush()
	b.content.WriteString("ET\n")
	b.link(l, size, x, baseline)
}

// link makes what stands over it a link, from the first cluster with an address to the last.
func (b *book) link(l line, size, x, baseline float64) {
	from, to, address := 0.0, 0.0, ""
	at := x
	for _, c := range l.clusters {
		next := at + c.advance*size/unit
		if c.span.link != "" {
			if address == "" {
				from, address = at, c.span.link
			}
			to = next
		}
		at = next
	}
	if address != "" {
		b.links = append(b.links, fmt.Sprintf("<< /Type /Annot /Subtype /Link /Rect [%s %s %s %s] /Border [0 0 0] /A << /S /URI /URI %s >> >>",
			num(from), num(baseline-size*0.3), num(to), num(baseline+size), literal(address)))
	}
}

func (b *book) endPage() {
	b.pages = append(b.pages, page{b.w.stream(b.content.Bytes()), b.links})
	b.content.Reset()
	b.links, b.y = nil, pageHeight-topMargin
}

// finish numbers the pages, whose number is known only now, and writes what they share.
func (b *book) finish(d templates.Document) []byte {
	pages, resources := b.w.reserve(), b.w.reserve()
	var kids strings.Builder
	for i, p := range b.pages {
		number := b.footer(i+1, len(b.pages))
		kid := b.w.add(fmt.Sprintf("<< /Type /Page /Parent %d 0 R /MediaBox [0 0 %s %s] /Resources %d 0 R /Contents [%d 0 R %d 0 R] /Annots [%s] >>",
			pages, num(pageWidth), num(pageHeight), resources, p.content, number, strings.Join(p.links, " ")))
		fmt.Fprintf(&kids, "%d 0 R ", kid)
	}
	b.w.object(pages, fmt.Sprintf("<< /Type /Pages /Count %d /Kids [%s] >>", len(b.pages), kids.String()))
	var fonts strings.Builder
	for i, t := range b.glyphs.fonts {
		fmt.Fprintf(&fonts, "/F%d %d 0 R ", i, b.w.font(t))
	}
	var images strings.Builder
	for i, id := range b.images {
		fmt.Fprintf(&images, "/I%d %d 0 R ", i, id)
	}
	b.w.object(resources, "<< /Font << "+fonts.String()+">> /XObject << "+images.String()+">> >>")
	direction := "L2R"
	if b.rightToLeft {
		direction = "R2L"
	}
	root := b.w.add(fmt.Sprintf("<< /Type /Catalog /Pages %d 0 R /Lang %s /ViewerPreferences << /DisplayDocTitle true /Direction /%s >> >>", pages, literal(d.Lang), direction))
	info := b.w.add(fmt.Sprintf("<< /Title %s /Author %s /Creator (Afterchat) >>", textString(d.Title), textString(d.Author())))
	return b.w.finish(root, info)
}

// footer writes "2 / 3", from left to right in every language.
func (b *book) footer(n, of int) int {
	l := b.set.lines([]span{{text: strconv.Itoa(n) + " / " + strconv.Itoa(of), color: mute}}, contentWidth*unit/sizeSmall, false)[0]
	b.y = footerAt + sizeSmall
	width := l.width * sizeSmall / unit
	b.draw(l, sizeSmall, (pageWidth-width)/2, width)
	id := b.w.stream(b.content.Bytes())
	b.content.Reset()
	return id
}

// rgb turns "#rgb" or "#rrggbb" into operands of "rg".
func rgb(color string) string {
	digits := strings.TrimPrefix(color, "#")
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	v, err := strconv.ParseUint(digits, 16, 32)
	if err != nil || len(digits) != 6 {
		return neutralRGB
	}
	part := func(shift uint) string { return num(float64(v>>shift&0xff) / 255) }
	return part(16) + " " + part(8) + " " + part(0)
}
