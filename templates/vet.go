package templates

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	syntax "text/template/parse"
)

// An organization's template is somebody else's program. What it can reach is the page
// of its audience. What it can do is what is allowed here: nothing that makes a text
// longer and longer, and nothing that goes in circles. bounds.go bounds its time and output.

// functions are those of the language and ours; print and its kin, which can double a
// text with every use, are not among them.
var functions = [...]string{
	"and", "or", "not", "len", "index", "slice", "call", "eq", "ne", "lt", "le", "gt", "ge", "multiline",
}

// methods are those that may get arguments, other than literals.
var methods = [...]string{"GreetingLine", "In", "Equal", "Before", "After", "Sub"}

// vet parses a template and refuses what an organization's may not do.
func vet(name, source string) *Problem {
	names := map[string]any{}
	for _, f := range functions {
		if f != "multiline" || path.Ext(name) == ".html" {
			names[f] = true
		}
	}
	trees, err := syntax.Parse(name, source, "", "", names)
	if err != nil {
		p := problemOf(name, err)
		return &p
	}
	for other := range maps.Keys(trees) {
		if other != name {
			return &Problem{File: name, Message: fmt.Sprintf("a file is one template, and this defines %q", other)}
		}
	}
	tree, ok := trees[name]
	if !ok || syntax.IsEmptyTree(tree.Root) {
		return emptyFile(name)
	}
	made := numbersIn(tree.Root)
	var found *Problem
	walk(tree.Root, func(n syntax.Node) {
		if message := refuse(n, name, made); message != "" && found == nil {
			found = &Problem{File: name, Line: lineOf(tree, n), Message: message}
		}
	})
	return found
}

// refuse says why a node is not allowed, "" if it is.
func refuse(n syntax.Node, name string, made numbers) string {
	switch n := n.(type) {
	case *syntax.RangeNode:
		if made.has(n.Pipe) {
			return "a loop goes over what the chat holds, not over a number that stands here"
		}
	case *syntax.TemplateNode:
		if n.Pipe != nil && made.has(n.Pipe) {
			return "a template gets what the chat holds, not a number that stands here"
		}
		if _, ok := Export()[n.Name]; !ok || path.Ext(n.Name) != path.Ext(name) {
			return fmt.Sprintf("there is no template %q here", n.Name)
		}
	case *syntax.PipeNode:
		for i, c := range n.Cmds {
			if method := methodOf(c.Args[0]); method != "" && !allowed(method, c.Args[1:], i > 0) {
				return fmt.Sprintf("%s may not be given that", method)
			}
		}
	}
	return ""
}

const writesNothing = "writes nothing"

// emptyFile refuses a template with nothing in it. A part of others may be left out so.
func emptyFile(name string) *Problem {
	for _, used := range namesIn(Export()) {
		if slices.Contains(used, name) {
			return nil
		}
	}
	return &Problem{File: name, Message: writesNothing}
}

// methodOf returns the name of the method that a command would call if it has arguments.
func methodOf(first syntax.Node) string {
	var chain []string
	switch n := first.(type) {
	case *syntax.FieldNode:
		chain = n.Ident
	case *syntax.ChainNode:
		chain = n.Field
	case *syntax.VariableNode:
		chain = n.Ident[1:]
	}
	if len(chain) == 0 {
		return ""
	}
	return chain[len(chain)-1]
}

// allowed reports whether a method may be called like that: without arguments, with
// literals alone, or because it makes nothing long of what it gets.
func allowed(method string, args []syntax.Node, piped bool) bool {
	if slices.Contains(methods[:], method) {
		return true
	}
	return !piped && !slices.ContainsFunc(args, func(n syntax.Node) bool {
		switch n.(type) {
		case *syntax.StringNode, *syntax.NumberNode, *syntax.BoolNode:
			return false
		}
		return true
	})
}

func lineOf(t *syntax.Tree, n syntax.Node) int {
	location, _ := t.ErrorContext(n)
	parts := strings.Split(location, ":")
	if len(parts) < 3 {
		return 0
	}
	line, _ := strconv.Atoi(parts[len(parts)-2])
	return line
}

// walk visits a node and all that is in it.
func walk(n syntax.Node, visit func(syntax.Node)) {
	if n == nil {
		return
	}
	visit(n)
	switch n := n.(type) {
	case *syntax.ListNode:
		if n != nil {
			for _, child := range n.Nodes {
				walk(child, visit)
			}
		}
	case *syntax.ActionNode:
		walk(n.Pipe, visit)
	case *syntax.TemplateNode:
		if n.Pipe != nil {
			walk(n.Pipe, visit)
		}
	case *syntax.IfNode:
		walkBranch(&n.BranchNode, visit)
	case *syntax.WithNode:
		walkBranch(&n.BranchNode, visit)
	case *syntax.RangeNode:
		walkBranch(&n.BranchNode, visit)
	case *syntax.PipeNode:
		for _, c := range n.Cmds {
			for _, arg := range c.Args {
				walk(arg, visit)
			}
		}
	case *syntax.ChainNode:
		walk(n.Node, visit)
	}
}

func walkBranch(n *syntax.BranchNode, visit func(syntax.Node)) {
	walk(n.Pipe, visit)
	if n.List != nil {
		walk(n.List, visit)
	}
	if n.ElseList != nil {
		walk(n.ElseList, visit)
	}
}

// names returns the templates that each template of these sources names.
func namesIn(sources map[string]string) map[string][]string {
	out := map[string][]string{}
	for name, source := range sources {
		t := syntax.New(name)
		t.Mode = syntax.SkipFuncCheck
		if _, err := t.Parse(source, "", "", map[string]*syntax.Tree{}); err != nil || t.Root == nil {
			continue
		}
		walk(t.Root, func(n syntax.Node) {
			if t, ok := n.(*syntax.TemplateNode); ok {
				out[name] = append(out[name], t.Name)
			}
		})
	}
	return out
}

// dropCircles leaves out the overrides that would go in circles.
func (o Overrides) dropCircles(known map[string]string) []Problem {
	all := maps.Clone(known)
	maps.Copy(all, o.sources)
	uses := namesIn(all)
	var problems []Problem
	for _, name := range slices.Sorted(maps.Keys(o.sources)) {
		if reaches(uses, name, name, map[string]bool{}) {
			problems = append(problems, Problem{File: name, Message: "comes back to itself by the templates that it names"})
		}
	}
	for _, p := range problems {
		delete(o.sources, p.File)
	}
	return problems
}

// reaches reports whether a template names another, or one that does.
func reaches(uses map[string][]string, from, to string, seen map[string]bool) bool {
	for _, next := range uses[from] {
		if next == to {
			return true
		}
		if !seen[next] {
			seen[next] = true
			if reaches(uses, next, to, seen) {
				return true
			}
		}
	}
	return false
}
