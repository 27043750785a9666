package templates

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	syntax "text/template/parse"
	"time"
)

// bounds are those of one rendering with an organization's templates: how long it may
// take, and how many bytes it may write.
type bounds struct {
	time  time.Duration
	bytes int
}

// stopped is the error of a rendering that went over its bounds: in which file and, where
// that was in a loop, in which line.
type stopped struct {
	spot
	why string
}

func (s *stopped) Error() string { return s.why }

// spot is where in an organization's files a rendering is: in the loop that begins in
// this line, 0 outside any loop.
type spot struct {
	file string
	line int
}

// instance is one parsed copy, for one rendering at a time: it knows when that has to
// be over, and how far it has come.
type instance struct {
	sets
	bounds
	deadline time.Time
	at       spot
	out      bytes.Buffer
}

// begin makes it ready for one rendering.
func (i *instance) begin(b bounds) {
	i.bounds, i.deadline, i.at = b, time.Now().Add(b.time), spot{}
	i.out.Reset()
}

// written returns what was written, and keeps no room that one huge chat has taken.
func (i *instance) written() string {
	out := i.out.String()
	if i.out.Cap() > 1<<20 {
		i.out = bytes.Buffer{}
	}
	return out
}

// Write is where the template's output goes.
func (i *instance) Write(p []byte) (int, error) {
	if i.out.Len()+len(p) > i.bytes {
		return 0, &stopped{i.at, fmt.Sprintf("it writes more than %d MB", i.bytes>>20)}
	}
	if err := i.late(); err != nil {
		return 0, err
	}
	return i.out.Write(p)
}

// tick is the function that every turn of a loop calls. A branch with nothing in it
// writes nothing, wherever in an HTML page it stands.
const tick = "_afterchat_tick"

func (i *instance) tick(file string, line int) (bool, error) {
	i.at = spot{file, line}
	return false, i.late()
}

func (i *instance) late() error {
	if time.Now().After(i.deadline) {
		return &stopped{i.at, "it takes longer than " + i.time.String()}
	}
	return nil
}

// problemOfBounds returns the problem of a rendering that was stopped, nil for another error.
func problemOfBounds(file string, err error) *Problem {
	var s *stopped
	if !errors.As(err, &s) {
		return nil
	}
	p := &Problem{File: file, Message: s.why}
	if s.file != "" {
		p.File, p.Line = s.file, s.line
	}
	return p
}

// watched makes a template look at the clock: at its beginning, at every turn of a loop,
// and wherever it comes back from a loop or another template, so that it is always known
// where it is.
type watched struct{ file, source string }

func (w watched) list(list *syntax.ListNode, line int) {
	if list == nil {
		return
	}
	nodes := w.look(line)
	for _, n := range list.Nodes {
		nodes = append(nodes, n)
		switch n := n.(type) {
		case *syntax.IfNode:
			w.list(n.List, line)
			w.list(n.ElseList, line)
		case *syntax.WithNode:
			w.list(n.List, line)
			w.list(n.ElseList, line)
		case *syntax.RangeNode:
			w.list(n.List, 1+strings.Count(w.source[:min(int(n.Position()), len(w.source))], "\n"))
			w.list(n.ElseList, line)
			nodes = append(nodes, w.look(line)...)
		case *syntax.TemplateNode:
			nodes = append(nodes, w.look(line)...)
		}
	}
	list.Nodes = nodes
}

// look returns a look at the clock.
func (w watched) look(line int) []syntax.Node {
	t := syntax.New(w.file)
	t.Mode = syntax.SkipFuncCheck
	if _, err := t.Parse("{{if "+tick+" "+strconv.Quote(w.file)+" "+strconv.Itoa(line)+"}}{{end}}", "", "", map[string]*syntax.Tree{}); err != nil {
		return nil // a name of a file and a number always parse
	}
	return t.Root.Nodes
}
