package templates

import (
	"bytes"
	"errors"
	"maps"
	"path"
	"slices"
	syntax "text/template/parse"
	"time"
)

// The bounds of one rendering with an organization's templates.
const (
	maxOutput  = 32 << 20
	renderTime = 5 * time.Second
)

var (
	errTooLong = errors.New("the output is larger than 32 MB")
	errTooSlow = errors.New("it takes longer than 5 seconds")
)

// own are an organization's templates, together with the built-in ones that they do not
// replace.
type own struct {
	sources  map[string]string // all of them
	replaced map[string]bool   // the names that are the organization's
	affected map[string]bool   // those, and the names of all that use them
	free     chan *instance
	fellBack func(Problem)
	patience time.Duration // how long one rendering may take
}

// instance is one parsed copy, for one rendering at a time: it knows when that has to
// be over.
type instance struct {
	sets
	deadline time.Time
}

// WithOverrides returns a renderer that knows the organizations' own templates: For finds
// them. fellBack hears of each rendering that fell back to a built-in template because
// an organization's failed; the problem's message can quote what was rendered.
func (r *Renderer) WithOverrides(all map[string]Overrides, fellBack func(organization string, p Problem)) *Renderer {
	out := *r
	out.all = make(map[string]*Renderer, len(all))
	for organization, o := range all {
		out.all[organization] = r.with(o, func(p Problem) { fellBack(organization, p) })
	}
	return &out
}

// For returns the renderer of an organization.
func (r *Renderer) For(organization string) *Renderer {
	if its, ok := r.all[organization]; ok {
		return its
	}
	return r
}

func (r *Renderer) with(o Overrides, fellBack func(Problem)) *Renderer {
	its := *r
	its.all = nil
	if style, ok := o.sources["pages/style.css"]; ok {
		its.style = style
	}
	its.own = &own{sources: Export(), replaced: map[string]bool{}, affected: map[string]bool{}, free: make(chan *instance, 8), fellBack: fellBack, patience: renderTime}
	maps.Copy(its.own.sources, o.sources)
	uses := namesIn(its.own.sources)
	for name := range o.sources {
		its.own.replaced[name], its.own.affected[name] = true, true
		for user := range uses {
			if reaches(uses, user, name, map[string]bool{}) {
				its.own.affected[user] = true
			}
		}
	}
	return &its
}

// execute renders a template if an organization's has a part in it. It reports false
// where the built-in one has to do it.
func (o *own) execute(name string, data any) (string, bool) {
	if o == nil || !o.affected[name] {
		return "", false
	}
	i, err := o.take()
	if err != nil {
		o.fellBack(o.problem(name, err))
		return "", false
	}
	i.deadline = time.Now().Add(o.patience)
	out := &capped{}
	if err := i.execute(out, name, data); err != nil {
		o.fellBack(o.problem(name, err))
		return "", false // what panicked is not used again
	}
	select {
	case o.free <- i:
	default:
	}
	return out.String(), true
}

// problem names the organization's file that is at fault: the one that the error names
// or, where that is a built-in one, the first that it uses.
func (o *own) problem(name string, err error) Problem {
	p := problemOf(name, err)
	if o.replaced[p.File] {
		return p
	}
	p.Line = 0
	uses := namesIn(o.sources)
	for _, candidate := range slices.Sorted(maps.Keys(o.replaced)) {
		if candidate == name || reaches(uses, name, candidate, map[string]bool{}) {
			p.File = candidate
			break
		}
	}
	return p
}

// take returns a copy that nobody uses, a new one if need be.
func (o *own) take() (*instance, error) {
	select {
	case i := <-o.free:
		return i, nil
	default:
	}
	i := &instance{}
	var err error
	if i.sets, err = parseSources(o.sources, map[string]any{tick: i.tick}); err != nil {
		return nil, err
	}
	for name := range o.replaced {
		if t := i.tree(name); t != nil && t.Root != nil {
			limit(t.Root)
		}
	}
	return i, nil
}

func (i *instance) tree(name string) *syntax.Tree {
	if path.Ext(name) == ".html" {
		return i.html.Lookup(name).Tree
	}
	if t := i.text.Lookup(name); t != nil {
		return t.Tree
	}
	return nil
}

// execute renders, and turns a panic into an error.
func (i *instance) execute(out *capped, name string, data any) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("it panicked")
		}
	}()
	if path.Ext(name) == ".html" {
		return i.html.ExecuteTemplate(out, name, data)
	}
	return i.text.ExecuteTemplate(out, name, data)
}

// tick is the function that every turn of a loop calls. A branch with nothing in it
// writes nothing, wherever in an HTML page it stands.
const tick = "_afterchat_tick"

func (i *instance) tick() (bool, error) {
	if time.Now().After(i.deadline) {
		return false, errTooSlow
	}
	return false, nil
}

// limit makes the template, and every loop in it, look at the clock.
func limit(root *syntax.ListNode) {
	look := syntax.New("tick")
	look.Mode = syntax.SkipFuncCheck
	tree, err := look.Parse("{{if "+tick+"}}{{end}}", "", "", map[string]*syntax.Tree{})
	if err != nil {
		return // it is a constant, and parses
	}
	first := func(list *syntax.ListNode) {
		list.Nodes = append([]syntax.Node{tree.Root.Nodes[0].Copy()}, list.Nodes...)
	}
	var loops []*syntax.ListNode
	walk(root, func(n syntax.Node) {
		if loop, ok := n.(*syntax.RangeNode); ok {
			loops = append(loops, loop.List)
		}
	})
	for _, list := range append(loops, root) {
		first(list)
	}
}

// capped is a text that does not grow over its limit.
type capped struct{ bytes.Buffer }

func (c *capped) Write(p []byte) (int, error) {
	if c.Len()+len(p) > maxOutput {
		return 0, errTooLong
	}
	return c.Buffer.Write(p)
}
