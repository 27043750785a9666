package config

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	yaml "github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxFile is the most that a configuration file may hold; real ones have a few KiB.
const maxFile = 1 << 20

// source is one file's syntax tree.
type source struct {
	name    string // as messages name it
	dir     string // what its relative paths are relative to
	root    ast.Node
	aliases map[*ast.AliasNode]ast.Node
}

// readSource reads and parses a file that holds one YAML document.
func readSource(name string, r *report) (*source, bool) {
	top := place{file: name, line: 1, column: 1}
	if _, ok := r.places[""]; !ok {
		r.places[""] = top
	}
	content, problem := readFile(name)
	if problem != "" {
		r.in(top, name, "", problem)
		return nil, false
	}
	content = bytes.TrimPrefix(content, []byte("\uFEFF"))
	if line, ok := badUTF8(content); ok {
		r.in(place{file: name, line: line, column: 1}, name, "", "is not UTF-8")
		return nil, false
	}
	docs, where, problem := parse(name, content)
	switch {
	case problem != "":
		r.in(where, name, "", problem)
	case len(docs) == 0 || docs[0].Body == nil:
		r.in(top, name, "", "the file is empty")
	case len(docs) > 1:
		where := top
		if start := docs[1].Start; start != nil {
			where = place{file: name, line: start.Position.Line, column: start.Position.Column}
		}
		r.in(where, name, "", "a second YAML document begins here; a file holds one")
	default:
		s := &source{name: name, dir: filepath.Dir(name), root: docs[0].Body, aliases: map[*ast.AliasNode]ast.Node{}}
		ast.Walk(anchors{s.aliases, map[string]ast.Node{}}, s.root)
		return s, true
	}
	return nil, false
}

// parse returns the documents, or where and why the content is no YAML. The parser's
// own texts are kept only where they quote nothing; its errors print source lines, so
// they are never wrapped. It is not ours and has panicked on garbage: that is garbage.
func parse(name string, content []byte) (docs []*ast.DocumentNode, where place, problem string) {
	where = place{file: name, line: 1, column: 1}
	defer func() {
		if recover() != nil {
			docs, problem = nil, "is not valid YAML"
		}
	}()
	file, err := parser.ParseBytes(content, 0, parser.AllowDuplicateMapKey())
	if err == nil {
		return file.Docs, where, ""
	}
	problem = "is not valid YAML"
	syntax, ok := errors.AsType[*yaml.SyntaxError](err)
	if !ok {
		return nil, where, problem
	}
	if !strings.ContainsAny(syntax.Message, "\"\n") && !strings.Contains(syntax.Message, "escape") {
		problem += ": " + syntax.Message
	}
	if syntax.Token == nil || syntax.Token.Position == nil {
		return nil, where, problem
	}
	where.line, where.column = syntax.Token.Position.Line, syntax.Token.Position.Column
	lines := bytes.Split(content, []byte("\n"))
	if i := where.line - 1; i >= 0 && i < len(lines) && bytes.Contains(lines[i], []byte("${")) {
		problem += `; inside [ ] and { } write "${NAME}" with quotes`
	}
	return nil, where, problem
}

// anchors finds for each alias what it stands for.
type anchors struct {
	aliases map[*ast.AliasNode]ast.Node
	known   map[string]ast.Node
}

// Visit is called in the order of the file, so that an alias means the anchor before it.
func (a anchors) Visit(n ast.Node) ast.Visitor {
	switch n := n.(type) {
	case *ast.AnchorNode:
		if n.Name != nil {
			a.known[n.Name.String()] = n.Value
		}
	case *ast.AliasNode:
		if n.Value != nil {
			a.aliases[n] = a.known[n.Value.String()]
		}
		return nil
	}
	return a
}

// readFile reads a whole file, or says why not. The text does not name the path, which
// may hold what the environment held.
func readFile(path string) (content []byte, problem string) {
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(err)
	}
	defer f.Close()
	content, err = io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, unreadable(err)
	case len(content) > maxFile:
		return nil, "the file is too large"
	}
	return content, ""
}

func unreadable(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file"
	case errors.Is(err, fs.ErrPermission):
		return "the file may not be read by this user"
	default:
		return "the file cannot be read"
	}
}

func badUTF8(content []byte) (line int, bad bool) {
	for i, l := range bytes.Split(content, []byte("\n")) {
		if !utf8.Valid(l) {
			return i + 1, true
		}
	}
	return 0, false
}
