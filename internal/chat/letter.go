package chat

import (
	"bytes"
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// byTheLetter goes through the JSON of a value of type t for two things that
// encoding/json does not mind. Fields are known by their exact names: in the JSON that is
// returned, the name of one that only looks like a known one (MESSAGES) is blank, so that
// it is as unknown as any other; that is raw itself where there is none. And a known
// field, or a name of a map, must not stand twice in one object, because the second would
// be written over the first and leave of it what it does not say itself: twice is where
// the first such field stands, empty if there is none. What stands in unknown fields is
// nobody's business.
//
// It trusts that raw is JSON, and stops somewhere if it is not, which the decoder says.
func byTheLetter(raw []byte, t reflect.Type) (exact []byte, twice string) {
	l := letters{in: raw, out: raw, shapes: map[reflect.Type]*shape{}}
	l.value(t)
	return l.out, l.twice
}

// letters is where byTheLetter is in the JSON.
type letters struct {
	in, out []byte // out is in until a name is made blank
	at      int
	path    []step
	twice   string
	shapes  map[reflect.Type]*shape
}

// step is the way to a value from what it stands in: a field or, where that has no name,
// an element of a list.
type step struct {
	field string
	index int
}

// shape is what there is to know of a type. One that is no struct, map or list is read
// by nobody here: a text, say, or a time.
type shape struct {
	kind   reflect.Kind
	items  reflect.Type // of a map or a list
	fields []field      // of a struct
}

type field struct {
	name string
	of   reflect.Type
}

// shapeOf returns a type's shape. Most bodies have few of the types that there are.
func (l *letters) shapeOf(t reflect.Type) *shape {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if known, ok := l.shapes[t]; ok {
		return known
	}
	s := &shape{kind: t.Kind()}
	switch {
	case t == reflect.TypeFor[time.Time]():
		s.kind = reflect.Invalid
	case s.kind == reflect.Struct:
		s.fields = make([]field, 0, t.NumField())
		for f := range t.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			s.fields = append(s.fields, field{cmp.Or(name, f.Name), f.Type})
		}
	case s.kind == reflect.Map || s.kind == reflect.Slice:
		s.items = t.Elem()
	}
	l.shapes[t] = s
	return s
}

// value goes through the next value, which is to be of type t.
func (l *letters) value(t reflect.Type) {
	first := l.next()
	if first != '{' && first != '[' {
		l.skip()
		return
	}
	switch s := l.shapeOf(t); {
	case first == '{' && s.kind == reflect.Struct:
		l.object(s)
	case first == '{' && s.kind == reflect.Map:
		l.mapping(s)
	case first == '[' && s.kind == reflect.Slice:
		l.list(s)
	default:
		l.skip()
	}
}

func (l *letters) object(s *shape) {
	seen := make([]bool, len(s.fields))
	for l.at++; l.next() == '"'; {
		quoted := l.text()
		name := unescaped(quoted)
		i := s.find(name)
		if i < 0 {
			if s.resembles(name) {
				l.blank(len(quoted))
			}
			l.skip()
			continue
		}
		l.path = append(l.path, step{field: s.fields[i].name})
		if seen[i] {
			l.again()
		}
		seen[i] = true
		l.value(s.fields[i].of)
		l.path = l.path[:len(l.path)-1]
	}
	l.at++
}

func (l *letters) mapping(s *shape) {
	seen := map[string]bool{}
	for l.at++; l.next() == '"'; {
		name := string(unescaped(l.text()))
		if seen[name] {
			l.again()
		}
		seen[name] = true
		l.value(s.items)
	}
	l.at++
}

func (l *letters) list(s *shape) {
	l.path = append(l.path, step{})
	for l.at++; l.next() != ']' && l.next() != 0; {
		l.value(s.items)
		l.path[len(l.path)-1].index++
	}
	l.path = l.path[:len(l.path)-1]
	l.at++
}

// again notes that what the path leads to stands twice.
func (l *letters) again() {
	if l.twice != "" {
		return
	}
	for _, s := range l.path {
		if s.field == "" {
			l.twice += "[" + strconv.Itoa(s.index) + "]"
		} else {
			l.twice += "." + s.field
		}
	}
	l.twice = l.twice[1:] // the first step is a field
}

// find returns which of the fields has the name, -1 if none has.
func (s *shape) find(name []byte) int {
	for i := range s.fields {
		if s.fields[i].name == string(name) {
			return i
		}
	}
	return -1
}

// resembles reports whether encoding/json would take the name for a field's.
func (s *shape) resembles(name []byte) bool {
	text := string(name)
	return slices.ContainsFunc(s.fields, func(f field) bool { return strings.EqualFold(f.name, text) })
}

// blank makes the name that has just been gone past, of n bytes between its quotes, one
// that no field has. Nothing moves by it.
func (l *letters) blank(n int) {
	if &l.out[0] == &l.in[0] {
		l.out = bytes.Clone(l.in)
	}
	for i := l.at - 1 - n; i < l.at-1; i++ {
		l.out[i] = ' '
	}
}

// next goes to where the next value, name or bracket begins, and returns its first byte,
// 0 at the end. Commas and colons say nothing that brackets and quotes do not.
func (l *letters) next() byte {
	for ; l.at < len(l.in); l.at++ {
		switch c := l.in[l.at]; c {
		case ' ', '\t', '\r', '\n', ',', ':':
		default:
			return c
		}
	}
	return 0
}

// text goes past the text that begins here and returns what is between its quotes.
func (l *letters) text() []byte {
	start := l.at + 1
	for end := start; ; end++ {
		n := bytes.IndexByte(l.in[end:], '"')
		if n < 0 {
			l.at = len(l.in)
			return nil
		}
		end += n
		quoted := l.in[start:end]
		// The quote is itself quoted if it stands after an odd number of backslashes.
		if (len(quoted)-len(bytes.TrimRight(quoted, `\`)))%2 == 0 {
			l.at = end + 1
			return quoted
		}
	}
}

// unescaped is the name that stands between quotes.
func unescaped(quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted
	}
	var name string
	if json.Unmarshal(slices.Concat([]byte{'"'}, quoted, []byte{'"'}), &name) != nil {
		return nil // not JSON, as the decoder will say
	}
	return []byte(name)
}

// skip goes past the next value.
func (l *letters) skip() {
	for depth := 0; ; {
		switch l.next() {
		case 0:
			return
		case '{', '[':
			depth++
			l.at++
		case '}', ']':
			depth--
			l.at++
		case '"':
			l.text()
		default: // a number, true, false or null
			for l.at < len(l.in) && strings.IndexByte(" \t\r\n,:]}", l.in[l.at]) < 0 {
				l.at++
			}
		}
		if depth <= 0 {
			return
		}
	}
}
