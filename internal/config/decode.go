package config

import (
	"encoding"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/fault"
)

// decoder puts one file's syntax tree into typed values.
type decoder struct {
	*source
	report *report
	env    func(string) (string, bool)
	kinds  map[string]connectors.Kind
}

// spot is what is known of a value before it is looked at.
type spot struct {
	path   string   // organizations[acme].name
	label  string   // name
	key    ast.Node // nil in a list and at the root
	orList bool
	kind   string
}

func (at spot) child(f field, key ast.Node) spot {
	return spot{path: strings.TrimPrefix(at.path+"."+f.name, "."), label: f.name, key: key, orList: f.orList, kind: f.kind}
}

func (at spot) item(i int) spot {
	index := "[" + strconv.Itoa(i) + "]"
	return spot{path: at.path + index, label: at.label + index}
}

// entry leaves the map's key out of the label: it is the operator's, and could be
// anything.
func (at spot) entry(key string, node ast.Node) spot {
	return spot{path: at.path + "[" + key + "]", label: at.label, key: node}
}

// defaulter is a struct that is not all zero where its mapping leaves keys out.
type defaulter interface{ setDefaults() }

// value reads a node into v, which is addressable and zero but for defaults.
func (d *decoder) value(n ast.Node, v reflect.Value, at spot) {
	n, ok := d.resolve(n, at)
	if !ok {
		return
	}
	d.mark(n, at)
	switch target := v.Addr().Interface().(type) {
	case *connectors.Secret:
		d.secret(n, target, at)
		return
	case *Redis:
		d.redis(n, target, at)
		return
	case *Folder:
		d.folder(n, target, at)
		return
	case *connectors.Settings:
		d.settings(n, target, at)
		return
	case *time.Duration:
		d.unmarshal(n, (*Duration)(target), at)
		return
	case encoding.TextUnmarshaler:
		d.unmarshal(n, target, at)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, v.Elem(), at)
	case reflect.Struct:
		if entries, ok := d.entries(n, at); ok {
			d.structure(entries, v, at)
		}
	case reflect.Map:
		d.mapping(n, v, at)
	case reflect.Slice:
		d.list(n, v, at)
	default:
		d.scalar(n, v, at)
	}
}

// resolve returns what stands behind an anchor or an alias, and refuses what no value
// of a configuration can be.
func (d *decoder) resolve(n ast.Node, at spot) (ast.Node, bool) {
	for range 100 {
		switch node := n.(type) {
		case *ast.AnchorNode:
			n = node.Value
		case *ast.AliasNode:
			target := d.aliases[node]
			if target == nil {
				d.fail(n, at, "there is no anchor of this name before it")
				return nil, false
			}
			n = target
		case *ast.TagNode:
			d.fail(n, at, "tags (!…) are not used here; remove it")
			return nil, false
		case nil, *ast.NullNode:
			d.fail(n, at, "has no value; give it one or remove the key")
			return nil, false
		default:
			return n, true
		}
	}
	d.fail(n, at, "is an alias of itself")
	return nil, false
}

func (d *decoder) list(n ast.Node, v reflect.Value, at spot) {
	items := []ast.Node{n}
	if sequence, ok := n.(*ast.SequenceNode); ok {
		items = sequence.Values
		if at.orList && len(items) == 0 {
			d.fail(n, at, "an empty list would match every chat; remove the key")
		}
	} else if !at.orList {
		d.fail(n, at, "must be a list")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
	for i, item := range items {
		d.value(item, v.Index(i), at.item(i))
	}
}

// scalar reads text, numbers and booleans. A number may come as text only where the
// environment had a part in it.
func (d *decoder) scalar(n ast.Node, v reflect.Value, at spot) {
	var text string
	switch n := n.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		expanded, used, ok := d.expand(n, at)
		if !ok {
			return
		}
		if !used && v.Kind() != reflect.String {
			d.fail(n, at, "must be "+wanted(v.Kind()))
			return
		}
		text = expanded
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		text = n.GetToken().Value
		if v.Kind() == reflect.String {
			d.fail(n, at, "must be text; put it in quotes")
			return
		}
	default:
		d.fail(n, at, "must be "+wanted(v.Kind()))
		return
	}
	if !setScalar(v, text) {
		d.fail(n, at, "must be "+wanted(v.Kind()))
	}
}

func setScalar(v reflect.Value, text string) bool {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
		return true
	case reflect.Bool:
		v.SetBool(text == "true")
		return text == "true" || text == "false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		i, err := strconv.ParseInt(text, 10, v.Type().Bits())
		v.SetInt(i)
		return err == nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		u, err := strconv.ParseUint(text, 10, v.Type().Bits())
		v.SetUint(u)
		return err == nil
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(text, v.Type().Bits())
		v.SetFloat(f)
		return err == nil && f-f == 0 // neither infinite nor NaN
	default:
		return false
	}
}

func wanted(k reflect.Kind) string {
	switch k {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number"
	default:
		return "of a type that configurations do not have"
	}
}

// unmarshal reads text into a type that parses itself. Only a fault's text is known to
// quote nothing.
func (d *decoder) unmarshal(n ast.Node, target encoding.TextUnmarshaler, at spot) {
	var text string
	switch n := n.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		expanded, _, ok := d.expand(n, at)
		if !ok {
			return
		}
		text = expanded
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		text = n.GetToken().Value
	default:
		d.fail(n, at, "must be text")
		return
	}
	err := target.UnmarshalText([]byte(text))
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Detail != "" {
		d.fail(n, at, f.Detail)
	} else if err != nil {
		d.fail(n, at, "is not valid")
	}
}

// text reads what can only be text.
func (d *decoder) text(n ast.Node, at spot) (string, bool) {
	n, ok := d.resolve(n, at)
	if !ok {
		return "", false
	}
	d.mark(n, at)
	var s string
	before := len(d.report.problems)
	d.scalar(n, reflect.ValueOf(&s).Elem(), at)
	return s, len(d.report.problems) == before
}

func (d *decoder) expand(n ast.Node, at spot) (text string, used, ok bool) {
	raw := ""
	switch n := n.(type) {
	case *ast.StringNode:
		raw = n.Value
	case *ast.LiteralNode:
		if n.Value != nil {
			raw = n.Value.Value
		}
	}
	text, used, problem := expand(raw, d.env)
	if problem != "" {
		d.fail(n, at, problem)
	}
	return text, used, problem == ""
}

func (d *decoder) redis(n ast.Node, target *Redis, at spot) {
	if _, ok := n.(*ast.SequenceNode); !ok {
		d.secret(n, &target.URL, at)
		return
	}
	d.list(n, reflect.ValueOf(&target.Nodes).Elem(), at)
	if len(target.Nodes) == 0 {
		d.fail(n, at, "must name a server")
	}
}

// fail reports a problem with a node.
func (d *decoder) fail(n ast.Node, at spot, message string) {
	d.report.in(d.place(n, at), at.path, at.label, message)
}

// mark remembers where a value stands: itself or, of what has several lines, its key.
func (d *decoder) mark(n ast.Node, at spot) {
	where := d.place(n, at)
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
		if at.key != nil {
			where = d.place(at.key, at)
		}
	}
	d.report.places[at.path] = where
}

// place returns where a node begins; where the parser does not know, its key or the
// file.
func (d *decoder) place(n ast.Node, at spot) place {
	where := place{file: d.name, line: 1, column: 1, label: at.label}
	switch node := n.(type) {
	case *ast.MappingNode:
		if !node.IsFlowStyle && len(node.Values) > 0 {
			n = node.Values[0].Key
		}
	case *ast.MappingValueNode:
		n = node.Key
	}
	for _, candidate := range []ast.Node{n, at.key} {
		if candidate == nil {
			continue
		}
		if token := candidate.GetToken(); token != nil && token.Position != nil {
			where.line, where.column = token.Position.Line, token.Position.Column
			break
		}
	}
	return where
}
