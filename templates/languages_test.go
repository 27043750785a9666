package templates

import (
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// load returns the words of every language there is.
func load(t *testing.T) map[string]*words {
	t.Helper()
	all, err := loadLanguages(languageFiles)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEveryLanguageHasItsFile(t *testing.T) {
	t.Parallel()
	files := slices.Sorted(maps.Keys(load(t)))
	named := slices.Compact(slices.Sorted(maps.Values(languages)))
	if !slices.Equal(files, named) {
		t.Errorf("the files are %v, the languages %v", files, named)
	}
	for tag, w := range load(t) {
		if want := map[bool]string{true: "rtl", false: "ltr"}[tag == "ar"]; w.Lang != tag || w.Dir != want {
			t.Errorf("%s calls itself %s and runs %s", tag, w.Lang, w.Dir)
		}
	}
}

func TestALanguageThatLacksSomethingDoesNotLoad(t *testing.T) {
	t.Parallel()
	english, err := os.ReadFile("languages/en.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ from, to, want string }{
		"a message is missing":           {`empty: "(empty message)"` + "\n", "", "empty is missing"},
		"a counted message is missing":   {`messages: {one: "{count} message", other: "{count} messages"}` + "\n", "", "messages is missing"},
		"a message is empty":             {`"(empty message)"`, `""`, "empty is empty"},
		"a message nobody knows":         {"empty: ", "emty: \"x\"\nempty: ", "emty is not known"},
		"a value is lost":                {"Chat with {name}: {about}", "Chat with {name}", "chat_with_about has the values [{name}], not [{about} {name}]"},
		"a value is misspelt":            {"Chat with {name}: {about}", "Chat with {nom}: {about}", "chat_with_about has the values [{about} {nom}]"},
		"a plural form is missing":       {`{one: "{count} message", other: "{count} messages"}`, `{other: "{count} messages"}`, "messages has no form for"},
		"a plural form lost its number":  {`other: "{count} messages"`, `other: "messages"`, "messages has the values [], not [{count}]"},
		"a message of a list is missing": {"  timeout: \"timeout\"\n", "", "enders.timeout is missing"},
		"one key twice":                  {"empty: ", "empty: \"x\"\nempty: ", "already defined"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			broken := strings.Replace(string(english), test.from, test.to, 1)
			if broken == string(english) {
				t.Fatal("English does not have what this test replaces")
			}
			_, err := loadLanguages(fstest.MapFS{"languages/en.yaml": {Data: english}, "languages/sv.yaml": {Data: []byte(broken)}})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

func TestAMessageWithoutItsFieldAndAFieldWithoutItsMessageDoNotLoad(t *testing.T) {
	t.Parallel()
	english, err := os.ReadFile("languages/en.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for want, text := range map[string]string{
		"extra is used nowhere": string(english) + "\nextra: \"x\"\n",
		"empty is missing":      strings.Replace(string(english), `empty: "(empty message)"`, "", 1),
	} {
		_, err := loadLanguages(fstest.MapFS{"languages/en.yaml": {Data: []byte(text)}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// same are the messages that a language shares with English because that is how it says
// them.
var same = map[string][]string{
	"da": {"pane.actions.send_link", "pane.links", "pane.send"},
	"de": {"external_id", "name", "pane.actions.file_ticket", "pane.actions.send_link", "pane.links", "pane.title", "ticket"},
	"fr": {"messages", "pane.actions.file_ticket", "pane.transcript_audience", "ticket"},
	"nb": {"pane.send"},
	"it": {"external_id", "pane.actions.file_ticket", "pane.actions.send_link", "ticket"},
	"nl": {"external_id", "pane.actions.file_ticket", "pane.actions.send_link", "pane.links", "product", "ticket"},
	"pl": {"pane.actions.send_link"},
	"pt": {"pane.actions.file_ticket", "pane.actions.send_link", "pane.links", "ticket"},
	"sv": {"customer.system.role", "internal.system.role"},
}

// everywhere are those that most languages share.
var everywhere = []string{"about", "at", "from_to", "colon", "comma", "units.b", "units.kb", "units.mb", "units.gb"}

func TestNoLanguageLeavesAnythingInEnglish(t *testing.T) {
	t.Parallel()
	all := load(t)
	original := texts(all[english])
	for tag, w := range all {
		if tag == english {
			continue
		}
		for id, text := range texts(w) {
			shared := slices.Contains(everywhere, id) || slices.Contains(same[tag], id)
			if text == original[id] && !shared {
				t.Errorf("%s: %s is %q as in English", tag, id, text)
			}
			if text != original[id] && slices.Contains(same[tag], id) {
				t.Errorf("%s: %s is no longer as in English", tag, id)
			}
		}
	}
}

// texts returns every message of a language by its id.
func texts(w *words) map[string]string {
	all := map[string]string{}
	var walk func(id string, v reflect.Value)
	walk = func(id string, v reflect.Value) {
		switch {
		case v.Type() == reflect.TypeFor[plural]():
			all[id] = v.Interface().(plural).pattern(5)
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				if f := v.Type().Field(i); f.Tag.Get("message") != "-" {
					walk(strings.TrimPrefix(id+"."+idOf(f.Name), "."), v.Field(i))
				}
			}
		case v.Kind() == reflect.Map:
			for _, key := range v.MapKeys() {
				walk(id+"."+key.String(), v.MapIndex(key))
			}
		default:
			all[id] = v.String()
		}
	}
	walk("", reflect.ValueOf(w).Elem())
	return all
}
