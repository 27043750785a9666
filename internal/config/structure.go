package config

import (
	"reflect"
	"strings"

	"github.com/afterchat/afterchat/connectors"
)

// field is one key of a mapping that is read into a struct.
type field struct {
	name   string
	index  []int
	typ    reflect.Type
	orList bool   // a single entry may stand without its list
	kind   string // the type of account, where the key decides it
	tag    reflect.StructTag
}

// fieldsOf lists a struct's keys by its yaml tags, those of inline structs among them.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct {
			for _, inner := range fieldsOf(f.Type) {
				inner.index = append([]int{i}, inner.index...)
				fields = append(fields, inner)
			}
			continue
		}
		if !f.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			name = strings.ToLower(f.Name)
		}
		out := field{name: name, index: []int{i}, typ: f.Type, tag: f.Tag}
		for option := range strings.SplitSeq(options, ",") {
			if option == "orlist" {
				out.orList = true
			}
			if kind, ok := strings.CutPrefix(option, "kind="); ok {
				out.kind = kind
			}
		}
		fields = append(fields, out)
	}
	return fields
}

// fileSuffix makes a secret's key the key of a path to a file that holds the secret.
const fileSuffix = "_file"

// isSecret reports whether values of a type can also come from a file.
func isSecret(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[connectors.Secret](), reflect.TypeFor[[]connectors.Secret](), reflect.TypeFor[Redis]():
		return true
	}
	return false
}

// keysOf lists all keys that a mapping for these fields may have.
func keysOf(fields []field) []string {
	var keys []string
	for _, f := range fields {
		keys = append(keys, f.name)
		if isSecret(f.typ) {
			keys = append(keys, f.name+fileSuffix)
		}
	}
	return keys
}
