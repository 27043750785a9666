package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/fault"
)

// Schema returns the file's JSON Schema (draft 2020-12), indented, for editors. It is
// made of the structs that Load fills, and of their validate tags; the accounts that
// kinds has stand under $defs by type. What holds between several keys only Load knows.
func Schema(kinds map[string]connectors.Kind) ([]byte, error) {
	s := schemas{kinds: kinds}
	root := s.of(reflect.TypeFor[Config]())
	root.Version = jsonschema.Version
	root.Title = "Afterchat configuration (afterchat.yaml)"
	root.Definitions = jsonschema.Definitions{}
	for name, kind := range kinds {
		root.Definitions[name] = s.account(name, reflect.TypeOf(kind.Settings()).Elem())
	}
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "schema", "the configuration's schema cannot be written", err)
	}
	return append(text, '\n'), nil
}

const (
	variablePattern = `^\$\{[A-Za-z_][A-Za-z0-9_]*\}$`
	durationPattern = `^([0-9]+d)?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h))*$|\$\{`
	sizePattern     = `^(0|[0-9]+(B|KB|MB|GB))$|\$\{`
)

type schemas struct {
	kinds map[string]connectors.Kind
}

// of returns the schema of a struct.
func (s schemas) of(t reflect.Type) *jsonschema.Schema {
	reflector := jsonschema.Reflector{
		Anonymous:                  true,
		DoNotReference:             true,
		FieldNameTag:               "yaml",
		RequiredFromJSONSchemaTags: true,
		Mapper:                     s.special,
		AdditionalFields:           secretFiles,
	}
	schema := reflector.ReflectFromType(t)
	schema.Version = ""
	s.finish(schema, t)
	return schema
}

// special returns the schemas of the types that the decoder reads in its own way.
func (s schemas) special(t reflect.Type) *jsonschema.Schema {
	one := uint64(1)
	switch t {
	case reflect.TypeFor[connectors.Secret](), reflect.TypeFor[Folder]():
		return &jsonschema.Schema{Type: "string", MinLength: &one}
	case reflect.TypeFor[Redis]():
		node := &jsonschema.Schema{Type: "string", MinLength: &one}
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{node, {Type: "array", Items: node, MinItems: &one}}}
	case reflect.TypeFor[Duration](), reflect.TypeFor[time.Duration]():
		return &jsonschema.Schema{Type: "string", Pattern: durationPattern}
	case reflect.TypeFor[Size]():
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Const: 0}, {Type: "string", Pattern: sizePattern}}}
	case reflect.TypeFor[connectors.Settings]():
		accounts := new(jsonschema.Schema)
		for _, name := range slices.Sorted(maps.Keys(s.kinds)) {
			if name != smtpKind {
				accounts.OneOf = append(accounts.OneOf, &jsonschema.Schema{Ref: "#/$defs/" + name})
			}
		}
		return accounts
	}
	return nil
}

// secretFiles adds the _file key of each of a struct's secrets.
func secretFiles(t reflect.Type) []reflect.StructField {
	var files []reflect.StructField
	for _, f := range fieldsOf(t) {
		if isSecret(f.typ) {
			tag := fmt.Sprintf(`yaml:%q jsonschema_description:%q`, f.name+fileSuffix, "Path, relative to this file, of a file that holds "+f.name+".")
			files = append(files, reflect.StructField{Name: "File", Type: reflect.TypeFor[string](), Tag: reflect.StructTag(tag)})
		}
	}
	return files
}

// account returns the schema of one type of account.
func (s schemas) account(name string, t reflect.Type) *jsonschema.Schema {
	schema := s.of(t)
	if name != smtpKind {
		schema.Properties.Set("type", &jsonschema.Schema{Const: name})
		return schema
	}
	for _, decided := range smtpDecided() {
		schema.Properties.Delete(decided)
		schema.Required = slices.DeleteFunc(schema.Required, func(key string) bool { return key == decided })
	}
	return schema
}

// finish adds to a struct's schema what its yaml and validate tags say.
func (s schemas) finish(schema *jsonschema.Schema, t reflect.Type) {
	for _, f := range fieldsOf(t) {
		property, ok := schema.Properties.Get(f.name)
		if !ok {
			continue
		}
		own, each := rules(f.tag.Get("validate"))
		if slices.Contains(own, "required") {
			require(schema, f)
		}
		s.descend(property, f.typ)
		limit(property, own)
		if property.Items != nil {
			limit(property.Items, each)
		}
		description := property.Description
		switch {
		case f.kind != "":
			property = &jsonschema.Schema{Ref: "#/$defs/" + f.kind}
		case f.orList:
			one := uint64(1)
			property.MinItems = &one
			property = &jsonschema.Schema{AnyOf: []*jsonschema.Schema{property.Items, property}}
		case property.Type == "integer", property.Type == "number", property.Type == "boolean", property.Enum != nil:
			property.Description = ""
			property = &jsonschema.Schema{AnyOf: []*jsonschema.Schema{property, {Type: "string", Pattern: variablePattern}}}
		}
		property.Description = description
		schema.Properties.Set(f.name, property)
	}
}

// descend finishes the structs inside a value.
func (s schemas) descend(schema *jsonschema.Schema, t reflect.Type) {
	switch {
	case schema == nil || s.special(t) != nil:
	case t.Kind() == reflect.Pointer:
		s.descend(schema, t.Elem())
	case t.Kind() == reflect.Slice:
		s.descend(schema.Items, t.Elem())
	case t.Kind() == reflect.Map && t.Elem().Kind() == reflect.Interface:
		schema.AdditionalProperties = s.special(t.Elem()) // the reflector leaves it open
	case t.Kind() == reflect.Map:
		s.descend(schema.AdditionalProperties, t.Elem())
	case t.Kind() == reflect.Struct:
		s.finish(schema, t)
	}
}

// require makes a key required; a secret may come from its file instead.
func require(schema *jsonschema.Schema, f field) {
	if !isSecret(f.typ) {
		schema.Required = append(schema.Required, f.name)
		return
	}
	schema.AllOf = append(schema.AllOf, &jsonschema.Schema{OneOf: []*jsonschema.Schema{
		{Required: []string{f.name}}, {Required: []string{f.name + fileSuffix}},
	}})
}

// limit adds what a value's validate tag demands, as far as a schema can say it.
func limit(schema *jsonschema.Schema, rules []string) {
	for _, rule := range rules {
		name, param, _ := strings.Cut(rule, "=")
		switch {
		case name == "oneof" && schema.Type == "string":
			for choice := range strings.FieldsSeq(param) {
				schema.Enum = append(schema.Enum, choice)
			}
		case name == "required" && schema.Type == "string":
			one := uint64(1)
			schema.MinLength = &one
		case schema.Type != "integer" && schema.Type != "number":
		case name == "gte":
			schema.Minimum = json.Number(param)
		case name == "lte":
			schema.Maximum = json.Number(param)
		case name == "gt":
			schema.ExclusiveMinimum = json.Number(param)
		}
	}
}

// rules splits a validate tag into what is demanded of the value and of its items.
func rules(tag string) (own, each []string) {
	all := strings.Split(tag, ",")
	if i := slices.Index(all, "dive"); i >= 0 {
		return all[:i], all[i+1:]
	}
	return all, nil
}
