package pdf

import (
	"fmt"
	"strings"

	"github.com/afterchat/afterchat/templates"
)

// shower replaces what no font can show by its number, and counts it.
type shower struct {
	fonts *Fonts
	known map[rune]bool
	count int
	// builtIn is true after a character that only the built-in fonts have.
	builtIn bool
}

// showable returns a copy of a document in which every character can be shown: others
// are written as "[U+1F600]", and a line at the end says how many there were. It also
// reports whether only the built-in fonts have some of its characters.
func showable(d templates.Document, f *Fonts) (templates.Document, bool) {
	s := &shower{fonts: f, known: map[rune]bool{}}
	d.Banner, d.Title, d.Warning = s.text(d.Banner), s.text(d.Title), s.text(d.Warning)
	d.Brand.Organization = s.text(d.Brand.Organization)
	d.Lead = s.texts(d.Lead)
	sections := make([]templates.Section, len(d.Sections))
	for i, section := range d.Sections {
		sections[i] = s.section(section)
	}
	d.Sections = sections
	if s.count > 0 {
		d.Closing = append(s.texts(d.Closing), d.Unshown(s.count))
	}
	return d, s.builtIn
}

func (s *shower) section(in templates.Section) templates.Section {
	out := templates.Section{Title: s.text(in.Title), Facts: make([]templates.Fact, len(in.Facts)), Parts: make([]templates.Part, len(in.Parts))}
	for i, f := range in.Facts {
		out.Facts[i] = templates.Fact{Label: s.text(f.Label), Value: s.text(f.Value), URL: f.URL}
	}
	for i, p := range in.Parts {
		out.Parts[i] = templates.Part{Day: s.text(p.Day), Event: s.text(p.Event)}
		if p.Said == nil {
			continue
		}
		said := *p.Said
		said.Name, said.Role, said.Clock, said.Text = s.text(said.Name), s.text(said.Role), s.text(said.Clock), s.text(said.Text)
		said.Files = nil
		for _, f := range p.Said.Files {
			said.Files = append(said.Files, templates.Enclosure{Line: s.text(f.Line), URL: f.URL, CID: f.CID})
		}
		out.Parts[i].Said = &said
	}
	return out
}

func (s *shower) texts(in []string) []string {
	var out []string
	for _, text := range in {
		out = append(out, s.text(text))
	}
	return out
}

func (s *shower) text(in string) string {
	if strings.IndexFunc(in, func(r rune) bool { return !s.has(r) }) < 0 {
		return in
	}
	var b strings.Builder
	for _, r := range in {
		if s.has(r) {
			b.WriteRune(r)
			continue
		}
		s.count++
		fmt.Fprintf(&b, "[U+%04X]", r)
	}
	return b.String()
}

func (s *shower) has(r rune) bool {
	has, ok := s.known[r]
	if !ok {
		has = s.fonts.Has(r)
		s.known[r] = has
		s.builtIn = s.builtIn || s.fonts.OnlyBuiltIn(r)
	}
	return has
}
