package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/afterchat/afterchat/internal/fault"
)

// Problem is one thing that is wrong with a configuration, or, from Check, one that is
// probably not meant. Line and Column count from 1.
type Problem struct {
	File    string
	Line    int
	Column  int
	Message string
}

// Error returns "file:line:column: message".
func (p Problem) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// Unwrap returns the problem as a fault of kind Invalid.
func (p Problem) Unwrap() error {
	return fault.New(fault.Invalid, "invalid_configuration", p.Message)
}

// Problem returns a problem with the value at a path, as organizations[acme].tickets[0].group,
// at its place in the file or, where the file does not have it, at the place of what it
// would stand in.
func (c *Config) Problem(path, message string) Problem {
	where := findPlace(c.places, path)
	return Problem{where.file, where.line, where.column, message}
}

// Problems are all that is wrong, in the order of the files.
type Problems []Problem

// Error returns one line for each problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the problems.
func (p Problems) Unwrap() []error {
	errs := make([]error, len(p))
	for i, problem := range p {
		errs[i] = problem
	}
	return errs
}

// place is where a value stands, and what messages call it.
type place struct {
	file         string
	line, column int
	label        string
}

// report gathers problems. Values are known by their path, as
// organizations[acme].tickets[0].desk.
type report struct {
	places   map[string]place
	failed   map[string]bool
	problems Problems
}

func newReport() *report {
	return &report{places: map[string]place{}, failed: map[string]bool{}}
}

// at reports a problem with the value at a path, unless it or what it stands in was
// found to be wrong before.
func (r *report) at(path, message string) {
	for p := path; p != ""; p = parent(p) {
		if r.failed[p] {
			return
		}
	}
	label := path[strings.LastIndexByte(path, '.')+1:]
	if known, ok := r.places[path]; ok {
		label = known.label
	}
	r.in(findPlace(r.places, path), path, label, message)
}

// in reports a problem at a place. label is the name that the message begins with.
func (r *report) in(where place, path, label, message string) {
	r.failed[path] = true
	if label != "" {
		message = label + ": " + message
	}
	r.problems = append(r.problems, Problem{where.file, where.line, where.column, message})
}

// err returns the problems in the order of their places, each once, or nil.
func (r *report) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(r.problems)
}

// findPlace returns the place of the value at path or, where the file does not have it,
// of what it would stand in.
func findPlace(places map[string]place, path string) place {
	for ; path != ""; path = parent(path) {
		if found, ok := places[path]; ok {
			return found
		}
	}
	return places[""]
}

func parent(path string) string {
	return path[:max(strings.LastIndexAny(path, ".["), 0)]
}
