package templates

import (
	"encoding/base64"
	htmltemplate "html/template"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// printPage is what the template gets.
type printPage struct {
	Document
	// faces are the classes of the photos, by address.
	faces map[string]string
}

// PrintPolicy is the Content-Security-Policy of what PrintHTML writes: no script, no
// font and nothing from anywhere but the page itself.
const PrintPolicy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

const printName = "transcript/print.html"

// PrintHTML returns a document as HTML for A4 pages with their numbers, by the template of
// the organization whose document it is. Whatever that writes, PrintPolicy holds.
func (r *Renderer) PrintHTML(d Document) (string, error) {
	faces := make(map[string]string, len(d.Photos))
	for _, address := range d.PhotoURLs(len(d.Photos) + 1) {
		if dataURL(d.Photos[address]) != "" {
			faces[address] = "face" + strconv.Itoa(len(faces))
		}
	}
	if d.made != nil {
		r = d.made
	}
	html, err := r.executeHTML(printName, printPage{d, faces})
	if err != nil {
		return "", err
	}
	if d.Banner != "" {
		html = bannered(html, d.Lang, d.Dir, d.Banner)
	}
	at := 0
	if head := headTag.FindStringIndex(html); head != nil {
		at = head[1]
	}
	return html[:at] + `<meta http-equiv="Content-Security-Policy" content="` + PrintPolicy + `">` + html[at:], nil
}

var headTag = regexp.MustCompile(`(?i)<head\b[^>]*>`)

// LogoURL returns the logo as an address that holds it, "" if there is none.
func (p printPage) LogoURL() htmltemplate.URL {
	return htmltemplate.URL(dataURL(p.Logo)) //nolint:gosec // one of a few types, and base64
}

// FaceStyle returns the style of the photos, each of which the page holds once however
// often somebody speaks.
func (p printPage) FaceStyle() htmltemplate.CSS {
	var b strings.Builder
	for _, address := range slices.Sorted(maps.Keys(p.faces)) {
		b.WriteString("." + p.faces[address] + " { background-image: url(" + dataURL(p.Photos[address]) + "); }\n")
	}
	return htmltemplate.CSS(b.String()) //nolint:gosec // as above
}

// Body writes the sections by hand, as the mail's messages are and for the same reason.
func (p printPage) Body() htmltemplate.HTML {
	var b strings.Builder
	for _, s := range p.Sections {
		if s.Title != "" {
			b.WriteString("<h2>")
			writeEscaped(&b, s.Title)
			b.WriteString("</h2>\n")
		}
		writePrintFacts(&b, s.Facts)
		for _, part := range s.Parts {
			p.writePart(&b, part)
		}
	}
	return htmltemplate.HTML(b.String()) //nolint:gosec // every value went through writeEscaped
}

func writePrintFacts(b *strings.Builder, facts []Fact) {
	if len(facts) == 0 {
		return
	}
	b.WriteString("<table>\n")
	for _, f := range facts {
		b.WriteString("<tr><th>")
		writeIsolated(b, f.Label)
		b.WriteString("</th><td>")
		writeLinked(b, f.Value, f.URL, writeIsolated)
		b.WriteString("</td></tr>\n")
	}
	b.WriteString("</table>\n")
}

func (p printPage) writePart(b *strings.Builder, part Part) {
	switch {
	case part.Day != "":
		b.WriteString(`<p class="day">`)
		writeEscaped(b, part.Day)
		b.WriteString("</p>\n")
	case part.Event != "":
		b.WriteString(`<p class="event">`)
		writeEscaped(b, part.Event)
		b.WriteString("</p>\n")
	case part.Said != nil:
		p.writeSaid(b, part.Said)
	}
}

func (p printPage) writeSaid(b *strings.Builder, s *Said) {
	b.WriteString(`<p class="head">`)
	if face := p.faces[s.Photo]; face != "" {
		b.WriteString(`<i class="face ` + face + `"></i>`)
	}
	b.WriteString("<b><bdi>")
	writeEscaped(b, s.Name)
	b.WriteString("</bdi></b> ")
	writeEscaped(b, s.Role)
	b.WriteString(` <bdi>`)
	writeEscaped(b, s.Clock)
	if s.Own {
		b.WriteString("</bdi></p>\n" + `<div class="said own">`)
	} else {
		b.WriteString("</bdi></p>\n" + `<div class="said">`)
	}
	if s.Text != "" {
		// Each line is a paragraph whose own letters say which way it runs.
		for l := range strings.SplitSeq(s.Text, "\n") {
			b.WriteString(`<p dir="auto">`)
			writeEscaped(b, l)
			if l == "" {
				b.WriteString("<br>")
			}
			b.WriteString("</p>\n")
		}
	}
	for _, f := range s.Files {
		b.WriteString(`<p dir="auto" class="file">`)
		writeLinked(b, f.Line, f.URL, writeEscaped)
		b.WriteString("</p>\n")
		writePicture(b, p.Pictures[f.CID])
	}
	b.WriteString("</div>\n")
}

// writePicture puts an image into the page itself; nothing is fetched for it.
func writePicture(b *strings.Builder, p Picture) {
	if address := dataURL(p); address != "" {
		b.WriteString(`<p><img alt="" src="` + address + "\"></p>\n")
	}
}

// dataURL returns an address that holds a picture itself (RFC 2397), "" where there is
// none, or none of the types that a Picture has.
func dataURL(p Picture) string {
	switch p.ContentType {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return "data:" + p.ContentType + ";base64," + base64.StdEncoding.EncodeToString(p.Content)
	}
	return ""
}

func writeLinked(b *strings.Builder, text, address string, write func(*strings.Builder, string)) {
	if address == "" {
		write(b, text)
		return
	}
	b.WriteString(`<a href="` + htmltemplate.HTMLEscapeString(address) + `">`)
	write(b, text)
	b.WriteString("</a>")
}
