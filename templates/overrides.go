package templates

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Overrides are an organization's own templates by name, each instead of the built-in
// one of that name. The zero value has none.
type Overrides struct{ sources map[string]string }

// Problem is what is wrong with one file of an organization's templates. Line is 0 where
// it is about the whole file. Unknown means that there is no template of this name.
type Problem struct {
	File    string
	Line    int
	Message string
	Unknown bool
}

// String returns "file:line: message".
func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Message
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Message)
}

// maxSource is how many bytes an organization's template may have.
const maxSource = 256 << 10

// Names returns the names of all templates that an organization may replace, in order.
func Names() []string { return slices.Sorted(maps.Keys(Export())) }

// Export returns the built-in templates by name, to begin an organization's own with.
func Export() map[string]string {
	sources, _ := readSources(embedded) // embedded: it can always be read
	return sources
}

// ReadOverrides reads the templates in an organization's folder. A file that cannot be
// used is a problem, and left out; hidden files are passed over.
func ReadOverrides(fsys fs.FS) (Overrides, []Problem) {
	o := Overrides{sources: map[string]string{}}
	known := Export()
	var problems []Problem
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		hidden := name != "." && strings.HasPrefix(path.Base(name), ".")
		switch {
		case err != nil && name == ".":
			return err
		case err != nil:
			problems = append(problems, Problem{File: name, Message: "cannot be read"})
			return nil //nolint:nilerr // it is a problem of this one, and the others are read on
		case hidden && entry.IsDir():
			return fs.SkipDir
		case hidden || entry.IsDir():
			return nil
		}
		source, problem := readOverride(fsys, name, known)
		if problem != nil {
			problems = append(problems, *problem)
			return nil
		}
		o.sources[name] = source
		return nil
	})
	if err != nil {
		problems = append(problems, Problem{File: ".", Message: unreadable(err)})
	}
	problems = append(problems, o.dropCircles(known)...)
	return o, problems
}

func unreadable(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "there is no such folder"
	}
	return "the folder cannot be read"
}

// readOverride reads one file, and checks what can be checked without rendering it.
func readOverride(fsys fs.FS, name string, known map[string]string) (string, *Problem) {
	fail := func(message string) (string, *Problem) { return "", &Problem{File: name, Message: message} }
	if _, ok := known[name]; !ok {
		return "", &Problem{File: name, Message: "there is no template of this name", Unknown: true}
	}
	f, err := fsys.Open(name)
	if err != nil {
		return fail("cannot be read")
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxSource+1))
	source := strings.TrimPrefix(string(raw), "\uFEFF")
	switch {
	case err != nil:
		return fail("cannot be read")
	case len(raw) > maxSource:
		return fail("is larger than 256 KB")
	case !utf8.ValidString(source):
		return fail("is not UTF-8")
	case path.Ext(name) == ".css":
		if strings.Contains(source, "<") {
			return fail("a style has no <")
		}
		return source, nil
	}
	if problem := vet(name, source); problem != nil {
		return "", problem
	}
	return source, nil
}

// where finds the file and the line in an error of text/template or html/template, and
// the rest of what it says.
var where = regexp.MustCompile(`(?s)^(?:html/)?template: ?([^:]+):(\d+)(?::\d+)?: (.*)$`)

// problemOf turns an error of a template into a problem; file is where it happened if
// the error does not say.
func problemOf(file string, err error) Problem {
	p := Problem{File: file, Message: strings.TrimPrefix(strings.TrimPrefix(err.Error(), "html/"), "template: ")}
	if m := where.FindStringSubmatch(err.Error()); m != nil {
		p.File, p.Message = m[1], m[3]
		p.Line, _ = strconv.Atoi(m[2])
	}
	return p
}
