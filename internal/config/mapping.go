package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// entry is one key and its value.
type entry struct {
	key   string
	node  ast.Node // the key's
	value ast.Node
}

// entries lists a mapping's keys, each once.
func (d *decoder) entries(n ast.Node, at spot) ([]entry, bool) {
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		d.fail(n, at, "must be a mapping (key: value)")
		return nil, false
	}
	lines := map[string]int{}
	var entries []entry
	for _, pair := range pairs {
		key, ok := keyText(pair.Key)
		bad := spot{path: at.path + ".<key>", label: at.label, key: pair.Key}
		if !ok {
			d.fail(pair.Key, bad, "a key must be plain text")
			continue
		}
		if line, twice := lines[key]; twice {
			d.fail(pair.Key, bad, fmt.Sprintf("this key is given twice, first on line %d", line))
			continue
		}
		lines[key] = d.place(pair.Key, at).line
		entries = append(entries, entry{key, pair.Key, pair.Value})
	}
	return entries, true
}

func keyText(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.MappingKeyNode:
		return keyText(n.Value)
	case *ast.StringNode:
		return n.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.MergeKeyNode:
		return n.GetToken().Value, true
	default:
		return "", false
	}
}

// mapping reads a mapping whose keys are the operator's own.
func (d *decoder) mapping(n ast.Node, v reflect.Value, at spot) {
	entries, ok := d.entries(n, at)
	if !ok {
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(entries)))
	for _, e := range entries {
		value := reflect.New(v.Type().Elem()).Elem()
		d.value(e.value, value, at.entry(e.key, e.node))
		v.SetMapIndex(reflect.ValueOf(e.key), value)
	}
}

// structure reads a mapping whose keys are a struct's, but for those that are decided
// elsewhere.
func (d *decoder) structure(entries []entry, v reflect.Value, at spot, decided ...string) {
	if target, ok := v.Addr().Interface().(defaulter); ok {
		target.setDefaults()
	}
	keys := map[string]field{}
	fields := slices.DeleteFunc(fieldsOf(v.Type()), func(f field) bool { return slices.Contains(decided, f.name) })
	for _, f := range fields {
		keys[f.name] = f
	}
	var files []entry
	given := map[string]bool{}
	for _, e := range entries {
		f, known := keys[e.key]
		switch {
		case known:
			given[e.key] = true
			d.value(e.value, v.FieldByIndex(f.index), at.child(f, e.node))
		case isSecret(keys[strings.TrimSuffix(e.key, fileSuffix)].typ):
			files = append(files, e)
		default:
			d.unknownKey(e, at, keysOf(fields))
		}
	}
	for _, e := range files {
		f := keys[strings.TrimSuffix(e.key, fileSuffix)]
		d.secretFile(e, v.FieldByIndex(f.index), at.child(f, e.node), given[f.name])
	}
}

// unknownKey names the nearest known key. It shows the unknown one only if that is a
// slip of the finger: it could also be a secret on the wrong line.
func (d *decoder) unknownKey(e entry, at spot, known []string) {
	best, edits := nearest(e.key, known)
	message := fmt.Sprintf("unknown key; the nearest known one is %q", best)
	if typo(e.key, edits) {
		message = fmt.Sprintf("unknown key %q; the nearest known one is %q", e.key, best)
	}
	if _, merge := e.node.(*ast.MergeKeyNode); merge {
		message = "merge keys (<<) are not used here; write the keys out"
	}
	d.fail(e.node, spot{path: at.path + ".<" + e.key + ">", label: at.label, key: e.node}, message)
}
