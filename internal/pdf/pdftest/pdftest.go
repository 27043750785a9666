// Package pdftest reads what the built-in engine of package pdf writes, for tests: its
// text, where it stands, and what the file says about itself. It reads no more of PDF
// than that; the tests with the build tag "real" have other programs read the same files.
package pdftest

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
)

// Line is text that was drawn in one go, from left to right as it is seen.
type Line struct {
	X, Y float64 // points from the lower left corner
	Text string
}

// File is a PDF that has been read.
type File struct {
	Pages         [][]Line
	Title, Author string
	Lang          string
	Width, Height float64 // of each page, in points
	Links         []string
	// Pictures are the images that were drawn: of messages, the logo, photos.
	Pictures []Picture
}

// Picture is where an image stands, in points from the page's lower left corner, and which
// of the file's images it is. Turned is the matrix, a to f of PDF 32000-1, 8.3.4, by which
// it lies in there, in a measure of 1 by 1.
type Picture struct {
	Page, Image         int
	X, Y, Width, Height float64
	Turned              [6]float64
}

// Text returns the whole text, a line of it a line.
func (f File) Text() string {
	var b strings.Builder
	for _, p := range f.Pages {
		for _, l := range p {
			b.WriteString(l.Text + "\n")
		}
	}
	return b.String()
}

// Read reads a PDF and fails the test where it is not built as it should be.
func Read(t testing.TB, content []byte) File {
	t.Helper()
	r := reader{t: t, content: content, objects: map[string]string{}}
	r.table()
	trailer := r.match(string(content[bytes.LastIndex(content, []byte("trailer")):]), `/Root (\d+) 0 R /Info (\d+) 0 R`)
	root, info := r.objects[trailer[1]], r.objects[trailer[2]]
	f := File{
		Title: r.utf16(r.match(info, `/Title <([0-9A-F]*)>`)[1]), Author: r.utf16(r.match(info, `/Author <([0-9A-F]*)>`)[1]),
		Lang: r.match(root, `/Lang \(([^)]*)\)`)[1],
	}
	pages := r.objects[r.match(root, `/Pages (\d+) 0 R`)[1]]
	for _, kid := range regexp.MustCompile(`(\d+) 0 R`).FindAllStringSubmatch(r.match(pages, `/Kids \[(.*?)\]`)[1], -1) {
		page := r.objects[kid[1]]
		size := r.match(page, `/MediaBox \[0 0 (\S+) (\S+)\]`)
		f.Width, f.Height = r.number(size[1]), r.number(size[2])
		fonts := r.fonts(r.objects[r.match(page, `/Resources (\d+) 0 R`)[1]])
		var lines []Line
		for _, c := range regexp.MustCompile(`(\d+) 0 R`).FindAllStringSubmatch(r.match(page, `/Contents \[(.*?)\]`)[1], -1) {
			content := r.stream(c[1])
			lines = append(lines, r.lines(content, fonts)...)
			f.Pictures = append(f.Pictures, r.pictures(content, len(f.Pages))...)
		}
		f.Pages = append(f.Pages, lines)
		for _, m := range regexp.MustCompile(`/URI \((.*?)\) >>`).FindAllStringSubmatch(page, -1) {
			f.Links = append(f.Links, strings.NewReplacer(`\(`, "(", `\)`, ")", `\\`, `\`).Replace(m[1]))
		}
	}
	return f
}

type reader struct {
	t       testing.TB
	content []byte
	objects map[string]string
}

// table reads the table of objects, each of which has to be where the table says.
func (r reader) table() {
	r.t.Helper()
	end := r.match(string(r.content[max(len(r.content)-64, 0):]), `startxref\n(\d+)\n%%EOF\n$`)
	at, err := strconv.Atoi(end[1])
	if err != nil || at >= len(r.content) {
		r.t.Fatalf("startxref is %q", end[1])
	}
	for i, m := range regexp.MustCompile(`(\d{10}) 00000 n `).FindAllStringSubmatch(string(r.content[at:]), -1) {
		offset, _ := strconv.Atoi(m[1]) // ten digits
		head := fmt.Sprintf("%d 0 obj\n", i+1)
		if offset >= len(r.content) || !bytes.HasPrefix(r.content[offset:], []byte(head)) {
			r.t.Fatalf("object %d is not at %d", i+1, offset)
		}
		body, _, found := bytes.Cut(r.content[offset+len(head):], []byte("\nendobj\n"))
		if !found {
			r.t.Fatalf("object %d does not end", i+1)
		}
		r.objects[strconv.Itoa(i+1)] = string(body)
	}
}

func (r reader) match(in, pattern string) []string {
	r.t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(in)
	if m == nil {
		r.t.Fatalf("no %s in %.200q", pattern, in)
	}
	return m
}

func (r reader) number(s string) float64 {
	r.t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		r.t.Fatal(err)
	}
	return v
}

func (r reader) utf16(digits string) string {
	r.t.Helper()
	var units []uint16
	for i := 0; i+4 <= len(digits); i += 4 {
		u, err := strconv.ParseUint(digits[i:i+4], 16, 16)
		if err != nil {
			r.t.Fatal(err)
		}
		units = append(units, uint16(u))
	}
	return strings.TrimPrefix(string(utf16.Decode(units)), "\ufeff")
}

func (r reader) stream(id string) string {
	r.t.Helper()
	_, body, found := strings.Cut(r.objects[id], "stream\n")
	if !found {
		r.t.Fatalf("object %s is no stream", id)
	}
	z, err := zlib.NewReader(strings.NewReader(strings.TrimSuffix(body, "\nendstream")))
	if err != nil {
		r.t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(plain)
}

// fonts returns what each code of each font means.
func (r reader) fonts(resources string) map[string]map[string]string {
	r.t.Helper()
	fonts := map[string]map[string]string{}
	for _, m := range regexp.MustCompile(`/(F\d+) (\d+) 0 R`).FindAllStringSubmatch(resources, -1) {
		meaning := map[string]string{}
		cmap := r.stream(r.match(r.objects[m[2]], `/ToUnicode (\d+) 0 R`)[1])
		for _, c := range regexp.MustCompile(`<([0-9A-F]{2})> <([0-9A-F]*)>\n`).FindAllStringSubmatch(cmap, -1) {
			meaning[c[1]] = r.utf16(c[2])
		}
		fonts[m[1]] = meaning
	}
	return fonts
}

func (r reader) pictures(content string, page int) []Picture {
	r.t.Helper()
	var all []Picture
	for _, m := range regexp.MustCompile(`q (\S+) 0 0 (\S+) (\S+) (\S+) cm (?:[^/Q]* n )?((?:\S+ ){6}cm )?/I(\d+) Do`).FindAllStringSubmatch(content, -1) {
		p := Picture{
			Page: page, Image: int(r.number(m[6])),
			X: r.number(m[3]), Y: r.number(m[4]), Width: r.number(m[1]), Height: r.number(m[2]), Turned: [6]float64{1, 0, 0, 1, 0, 0},
		}
		if m[5] != "" {
			for i, v := range strings.Fields(m[5])[:6] {
				p.Turned[i] = r.number(v)
			}
		}
		all = append(all, p)
	}
	return all
}

func (r reader) lines(content string, fonts map[string]map[string]string) []Line {
	r.t.Helper()
	var lines []Line
	for _, block := range regexp.MustCompile(`(?s)BT 1 0 0 1 (\S+) (\S+) Tm\n(.*?)ET\n`).FindAllStringSubmatch(content, -1) {
		l := Line{X: r.number(block[1]), Y: r.number(block[2])}
		font := ""
		for _, m := range regexp.MustCompile(`/(F\d+) \S+ Tf|<([0-9A-F]{2})>`).FindAllStringSubmatch(block[3], -1) {
			if m[1] != "" {
				font = m[1]
				continue
			}
			text, ok := fonts[font][m[2]]
			if !ok {
				r.t.Fatalf("code %s of font %s means nothing", m[2], font)
			}
			l.Text += text
		}
		lines = append(lines, l)
	}
	return lines
}
