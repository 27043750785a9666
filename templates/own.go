package templates

import (
	"errors"
	"maps"
	"path"
	"slices"
	syntax "text/template/parse"
	"time"
)

// What one rendering may take: a chat may have 100,000 messages. What is tried is small.
func renderBounds() bounds    { return bounds{2 * time.Second, 32 << 20} }
func rehearsalBounds() bounds { return bounds{time.Second, 4 << 20} }

// own are an organization's templates, together with the built-in ones that they do not
// replace.
type own struct {
	sources  map[string]string // all of them
	replaced map[string]bool   // the names that are the organization's
	affected map[string]bool   // those, and the names of all that use them
	free     chan *instance
	fellBack func(Problem)
	bounds   bounds
	// rehearsal is of what was tried, nil where it is in earnest.
	rehearsal *rehearsal
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
	its.own = &own{sources: Export(), replaced: map[string]bool{}, affected: map[string]bool{}, free: make(chan *instance, 8), fellBack: fellBack, bounds: renderBounds()}
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

// needing is what a page has that is of no use to its reader without some of it.
type needing interface {
	// lacks returns why what a template made of the page cannot be sent, nil if it can.
	lacks(name, rendered string) error
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
	i.begin(o.bounds)
	err = i.execute(name, data)
	out := i.written()
	if has, ok := data.(needing); ok && err == nil {
		err = has.lacks(name, out)
	}
	o.rehearsal.note(o, name, out, err)
	if err != nil {
		o.fellBack(o.problem(name, err))
		return "", false // what panicked is not used again
	}
	select {
	case o.free <- i:
	default:
	}
	return out, true
}

// problem names the organization's file that is at fault: the one that the error names
// or, where that is a built-in one, the first that it uses.
func (o *own) problem(name string, err error) Problem {
	if p := problemOfBounds(name, err); p != nil && o.replaced[p.File] {
		return *p
	}
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
			watched{name, o.sources[name]}.list(t.Root, 0)
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
func (i *instance) execute(name string, data any) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("it panicked")
		}
	}()
	if path.Ext(name) == ".html" {
		return i.html.ExecuteTemplate(i, name, data)
	}
	return i.text.ExecuteTemplate(i, name, data)
}
