package templates

import (
	"crypto/sha256"
	"encoding/base64"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/afterchat/afterchat/internal/chat"
)

func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func TestEveryLanguageSaysAllThatEnglishSays(t *testing.T) {
	t.Parallel()
	for lang, w := range catalogs() {
		if w.Lang != lang || w.Dir != "ltr" && w.Dir != "rtl" {
			t.Errorf("%s calls itself %q, %q", lang, w.Lang, w.Dir)
		}
		compareWords(t, lang, reflect.ValueOf(*english()), reflect.ValueOf(*w))
	}
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// compareWords finds empty fields, missing words and values that a pattern lost.
func compareWords(t *testing.T, path string, want, got reflect.Value) {
	t.Helper()
	switch want.Kind() {
	case reflect.Struct:
		for i := range want.NumField() {
			compareWords(t, path+"."+want.Type().Field(i).Name, want.Field(i), got.Field(i))
		}
	case reflect.Map:
		for _, key := range want.MapKeys() {
			if !got.MapIndex(key).IsValid() {
				t.Errorf("%s has no word for %s", path, key)
				continue
			}
			compareWords(t, path+"."+key.String(), want.MapIndex(key), got.MapIndex(key))
		}
	case reflect.Array:
		for i := range want.Len() {
			compareWords(t, path, want.Index(i), got.Index(i))
		}
	case reflect.String:
		a, b := placeholder.FindAllString(want.String(), -1), placeholder.FindAllString(got.String(), -1)
		slices.Sort(a)
		slices.Sort(b)
		if got.String() == "" || !slices.Equal(a, b) {
			t.Errorf("%s is %q, English %q", path, got, want)
		}
	default:
		if got.IsZero() {
			t.Errorf("%s is not set", path)
		}
	}
}

func TestEveryStateOfTheDomainHasAWord(t *testing.T) {
	t.Parallel()
	w := english().Pane
	for _, s := range []chat.State{chat.Pending, chat.Calling, chat.Delivered, chat.Failed, chat.Unknown, chat.Suppressed, chat.Cancelled} {
		if w.States[string(s)] == "" {
			t.Errorf("no word for the state %s", s)
		}
	}
	for _, a := range []chat.Action{chat.FileTicket, chat.AttachNotes, chat.AmendTicket, chat.EmailTranscript, chat.SendLink} {
		if w.Actions[string(a)] == "" {
			t.Errorf("no word for the action %s", a)
		}
	}
	for _, h := range []chat.Hold{chat.HeldByDependency, chat.HeldBySettle, chat.HeldByContact, chat.HeldByRateLimit, chat.HeldByAccountPaused, chat.HeldByNotConfigured} {
		if w.Holds[string(h)] == "" {
			t.Errorf("no word for the hold %s", h)
		}
	}
}

func TestALocaleFindsItsLanguage(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	r.catalogs["pt"] = &words{Lang: "pt"}
	r.catalogs["pt-br"] = &words{Lang: "pt-BR"}
	for locale, want := range map[string]string{"pt-BR": "pt-BR", "pt_PT": "pt", "PT": "pt", "": "en", "xx-YY": "en", "-": "en", "en-GB": "en", "pt-BR-x-y": "pt-BR"} {
		if got := r.words(locale).Lang; got != want {
			t.Errorf("%q reads %s, want %s", locale, got, want)
		}
	}
}
