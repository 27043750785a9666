// Package templates renders what people read: tickets, notes, transcripts, links and
// pages.
//
// A template never gets a snapshot. It gets the view that ForCustomer or ForInternal
// makes of it, and what an audience may not see has no field there. Views hold clean
// text: valid UTF-8, no control characters, no bidi overrides. Layout is in the embedded
// files, words in a message file per language (languages/), dates and numbers are CLDR's
// by locale, and the parts that repeat for every
// message are written by hand because a chat may have 100,000 of them.
package templates

import (
	"bytes"
	"embed"
	htmltemplate "html/template"
	"io"
	"io/fs"
	"path"
	"sync"
	texttemplate "text/template"

	"github.com/afterchat/afterchat/internal/fault"
)

//go:embed transcript email sms pages ticket
var embedded embed.FS

// Renderer renders every template. It is safe for concurrent use. Its errors are
// faults of kind Invalid: rendering the same again will fail again.
type Renderer struct {
	sets
	catalogs map[string]*words
	// buffers are what templates are executed into: growing one from nothing costs as much
	// as filling it.
	buffers *sync.Pool
	// looks are the brands in each language: key to look.
	looks *sync.Map
	// own are an organization's templates, nil if it has none; all are those of every
	// organization that has some.
	own *own
	all map[string]*Renderer
}

// sets are templates that were parsed together and may name each other.
type sets struct {
	text  *texttemplate.Template
	html  *htmltemplate.Template
	style string
}

// Mail is one message's content. Subject is one line; Text and HTML say the same. Files
// go with it.
type Mail struct {
	Subject, Text, HTML string
	Files               []Attachment
}

// New parses the embedded templates once.
func New() (*Renderer, error) { return parse(embedded) }

// parse reads every file of fsys. Each file is one template, named by its path: *.txt
// is plain text, *.html is HTML, and pages/style.css is the style of the pages.
func parse(fsys fs.FS) (*Renderer, error) {
	catalogs, err := loadLanguages(languageFiles)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "language", "reading the languages", err)
	}
	sources, err := readSources(fsys)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "template", "reading the templates", err)
	}
	parsed, err := parseSources(sources, nil)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "template", "parsing the templates", err)
	}
	return &Renderer{
		sets: parsed, catalogs: withRegions(catalogs),
		buffers: &sync.Pool{New: func() any { return new(bytes.Buffer) }}, looks: new(sync.Map),
	}, nil
}

func readSources(fsys fs.FS) (map[string]string, error) {
	sources := map[string]string{}
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		source, err := fs.ReadFile(fsys, name)
		sources[name] = string(source)
		return err
	})
	return sources, err
}

// htmlFuncs are the functions that HTML templates have beside those of the language.
func htmlFuncs() htmltemplate.FuncMap {
	return htmltemplate.FuncMap{"multiline": multilineHTML}
}

func parseSources(sources map[string]string, more map[string]any) (sets, error) {
	s := sets{
		text: texttemplate.New("").Option("missingkey=error").Funcs(more),
		html: htmltemplate.New("").Option("missingkey=error").Funcs(htmlFuncs()).Funcs(more),
	}
	for name, source := range sources {
		var err error
		switch path.Ext(name) {
		case ".txt":
			_, err = s.text.New(name).Parse(source)
		case ".html":
			_, err = s.html.New(name).Parse(source)
		case ".css":
			s.style = source
		}
		if err != nil {
			return sets{}, err
		}
	}
	return s, nil
}

func (r *Renderer) executeText(name string, data any) (string, error) {
	if out, ok := r.own.execute(name, data); ok {
		return out, nil
	}
	b := r.buffer()
	defer r.release(b)
	if err := r.text.ExecuteTemplate(b, name, data); err != nil {
		return "", fault.Wrap(fault.Invalid, "template", "rendering "+name, err)
	}
	return b.String(), nil
}

func (r *Renderer) executeHTML(name string, data any) (string, error) {
	if out, ok := r.own.execute(name, data); ok {
		return out, nil
	}
	b := r.buffer()
	defer r.release(b)
	if err := r.html.ExecuteTemplate(b, name, data); err != nil {
		return "", fault.Wrap(fault.Invalid, "template", "rendering "+name, err)
	}
	return b.String(), nil
}

func (r *Renderer) buffer() *bytes.Buffer { return r.buffers.Get().(*bytes.Buffer) } //nolint:forcetypeassert // it holds nothing else

// release keeps a buffer for the next, but none that one huge chat has made huge.
func (r *Renderer) release(b *bytes.Buffer) {
	if b.Cap() <= 1<<20 {
		b.Reset()
		r.buffers.Put(b)
	}
}

// writePage renders before it writes, so that a broken template leaves nothing half
// written. An error of the writer itself is Transient.
func (r *Renderer) writePage(w io.Writer, name string, data any) error {
	page, err := r.executeHTML(name, data)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, page); err != nil {
		return fault.Wrap(fault.Transient, "write", "writing "+name, err)
	}
	return nil
}
