package templates

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"

	yaml "github.com/goccy/go-yaml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// languageFiles are go-i18n's message files, one per language: <BCP 47 tag>.yaml.
//
//go:embed languages
var languageFiles embed.FS

const english = "en"

// loadLanguages reads every message file of fsys into words, by the file's tag. A file
// that lacks a message of English, has one more, leaves one empty or loses a value
// between braces is an error, and so is a field of words that no message fills.
func loadLanguages(fsys fs.FS) (map[string]*words, error) {
	formats := map[string]i18n.UnmarshalFunc{"yaml": yaml.Unmarshal}
	// What has no number in it needs no rules: a bundle with every message would be most of
	// what the templates hold in memory.
	counted := i18n.NewBundle(language.English)
	files, err := fs.Glob(fsys, "languages/*.yaml")
	if err != nil {
		return nil, err
	}
	catalogs := make(map[string]catalog, len(files))
	for _, name := range files {
		source, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		file, err := i18n.ParseMessageFileBytes(source, name, formats)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		tag := strings.TrimSuffix(path.Base(name), ".yaml")
		catalogs[tag] = newCatalog(tag, file.Messages, counted)
	}
	all := make(map[string]*words, len(catalogs))
	var problems []error
	for _, tag := range slices.Sorted(maps.Keys(catalogs)) {
		c := catalogs[tag]
		c.compare(catalogs[english])
		all[tag] = c.words()
		problems = append(problems, c.problems...)
	}
	return all, errors.Join(problems...)
}

// catalog is one language's messages by id: the path of a field of words, in small
// letters, as "customer.user.nameless".
type catalog struct {
	tag      string
	messages map[string]*i18n.Message
	counted  *i18n.Bundle
	problems []error
}

func newCatalog(tag string, messages []*i18n.Message, counted *i18n.Bundle) catalog {
	c := catalog{tag: tag, messages: make(map[string]*i18n.Message, len(messages)), counted: counted}
	for _, m := range messages {
		c.messages[m.ID] = m
	}
	return c
}

func (c *catalog) problem(id, what string) {
	c.problems = append(c.problems, fmt.Errorf("languages/%s.yaml: %s %s", c.tag, id, what))
}

// compare holds a language against English.
func (c *catalog) compare(reference catalog) {
	for _, id := range slices.Sorted(maps.Keys(reference.messages)) {
		want := reference.messages[id]
		m := c.messages[id]
		if m == nil {
			c.problem(id, "is missing")
			continue
		}
		for form, text := range forms(m) {
			got := values(text)
			// "one message" may say its number in a word.
			if counted := form != "other" && form != "few" && form != "many"; counted && len(got) == 0 {
				got = values(want.Other)
			}
			if !slices.Equal(got, values(want.Other)) {
				c.problem(id, fmt.Sprintf("has the values %v, not %v", got, values(want.Other)))
			}
		}
		if m.Other == "" {
			c.problem(id, "is empty")
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.messages)) {
		if reference.messages[id] == nil {
			c.problem(id, "is not known")
		}
	}
}

// forms returns a message's forms by plural category, without those it does not have.
func forms(m *i18n.Message) map[string]string {
	all := map[string]string{"zero": m.Zero, "one": m.One, "two": m.Two, "few": m.Few, "many": m.Many, "other": m.Other}
	maps.DeleteFunc(all, func(_, text string) bool { return text == "" })
	return all
}

var valuePattern = regexp.MustCompile(`\{[a-z]+\}`)

// values returns a pattern's values in braces, sorted.
func values(pattern string) []string {
	found := valuePattern.FindAllString(pattern, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// words puts the messages into their fields.
func (c *catalog) words() *words {
	w := &words{Lang: c.tag, Dir: direction(c.tag)}
	used := map[string]bool{}
	c.fill("", reflect.ValueOf(w).Elem(), used)
	for _, id := range slices.Sorted(maps.Keys(c.messages)) {
		if !used[id] {
			c.problem(id, "is used nowhere")
		}
	}
	return w
}

func (c *catalog) fill(id string, v reflect.Value, used map[string]bool) {
	switch {
	case v.Type() == reflect.TypeFor[plural]():
		used[id] = true
		v.Set(reflect.ValueOf(c.plural(id)))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.Tag.Get("message") != "-" {
				c.fill(strings.TrimPrefix(id+"."+idOf(f.Name), "."), v.Field(i), used)
			}
		}
	case v.Kind() == reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for name, m := range c.messages {
			if key, ok := strings.CutPrefix(name, id+"."); ok {
				used[name] = true
				v.SetMapIndex(reflect.ValueOf(key), reflect.ValueOf(m.Other))
			}
		}
	case c.messages[id] == nil:
		c.problem(id, "is missing")
	default:
		used[id] = true
		v.SetString(c.messages[id].Other)
	}
}

// wordStart finds where a word begins inside a field's name.
var wordStart = regexp.MustCompile(`([a-z])([A-Z])|([A-Z])([A-Z][a-z])`)

// idOf spells a field's name as the files do: "VisitorID" is "visitor_id".
func idOf(field string) string {
	return strings.ToLower(wordStart.ReplaceAllString(field, "${1}${3}_${2}${4}"))
}

// direction returns how a language's script runs, as HTML's dir wants it.
func direction(tag string) string {
	if script, _ := language.Make(tag).Script(); script.String() == "Arab" || script.String() == "Hebr" {
		return "rtl"
	}
	return "ltr"
}
