package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/plan"
)

func TestAWordOfTheUserSetsAFlag(t *testing.T) {
	t.Parallel()
	rules := []config.FlagRule{{Code: "danger", Words: map[string][]string{
		"en": {"smoke", "gas leak"}, "de": {"Rauch", "Öl"}, "zh": {"火灾", "冒烟"}, "ja": {"煙"}, "ko": {"연기"}, "tr": {"ışık"}, "ru": {"дым"}, "ar": {"دخان"},
	}}}
	for name, c := range map[string]struct {
		locale, text string
		want         bool
	}{
		"as it stands":                               {"en", "I see smoke", true},
		"in capitals":                                {"en", "SMOKE", true},
		"at the end, before a full stop":             {"en", "It was smoke.", true},
		"in quotes and brackets":                     {"en", `("smoke")`, true},
		"after a hyphen":                             {"en", "a smoke-free room", true},
		"on a line of its own":                       {"en", "Hello\nsmoke\nbye", true},
		"after an emoji":                             {"en", "🔥smoke🔥", true},
		"two words":                                  {"en", "There is a gas leak here", true},
		"as a part of a word":                        {"en", "I smoked, smokers, besmoke", false},
		"before a digit":                             {"en", "smoke1", false},
		"first as a part and then as a word":         {"en", "smokers like smoke", true},
		"in German, in small letters":                {"de", "da ist rauch", true},
		"in German, as a part of a word":             {"de", "Raucher", false},
		"in German, with an umlaut":                  {"de-AT", "überall öl!", true},
		"in Chinese, amid other characters":          {"zh", "我家发生火灾了", true},
		"in Chinese, another word":                   {"zh-Hant-TW", "火鍋很好吃", false},
		"in Japanese, amid kana":                     {"ja", "コーヒーメーカーから煙が出ています", true},
		"in Russian":                                 {"ru", "Из машины ДЫМ", true},
		"in Arabic":                                  {"ar", "هناك دخان كثيف", true},
		"with a locale that has an underscore":       {"en_GB", "smoke", true},
		"with a locale in capitals":                  {"EN-us", "smoke", true},
		"in another language than the browser names": {"en", "Da ist Rauch", true},
		"in a language that has no words here":       {"fr", "Il y a de la smoke / Rauch", true},
		"in no language":                             {"", "Rauch", true},
		"nothing at all":                             {"en", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := chat.Snapshot{Locale: c.locale, Messages: []chat.Message{{Author: chat.Author{Kind: chat.AuthorUser}, Text: c.text}}}
			flags := plan.Flags(&config.Organization{Flags: rules}, s)
			if got := len(flags) == 1; got != c.want {
				t.Fatalf("flags: %+v", flags)
			}
			if c.want && (flags[0].Source != "rule" || flags[0].Evidence != c.text || flags[0].Code != "danger") {
				t.Errorf("%+v", flags[0])
			}
		})
	}
}

func TestOnlyTheUsersOwnWordsSetAFlagAndTheFirstIsTheEvidence(t *testing.T) {
	t.Parallel()
	o := &config.Organization{Flags: []config.FlagRule{{Code: "danger", Words: map[string][]string{"en": {"smoke"}}}, {Code: "by hand"}}}
	say := func(kind, text string) chat.Message { return chat.Message{Author: chat.Author{Kind: kind}, Text: text} }
	s := chat.Snapshot{Messages: []chat.Message{say(chat.AuthorAgent, "Is there smoke?"), say(chat.AuthorAssistant, "smoke"), say(chat.AuthorSystem, "smoke")}}
	if got := plan.Flags(o, s); len(got) != 0 {
		t.Errorf("somebody else's words: %+v", got)
	}
	s.Messages = append(s.Messages, say(chat.AuthorUser, "No smoke"), say(chat.AuthorUser, "Now smoke"))
	if diff := cmp.Diff([]chat.Flag{{Code: "danger", Source: "rule", Evidence: "No smoke"}}, plan.Flags(o, s)); diff != "" {
		t.Error(diff)
	}
}

func TestAFlagThatAPersonSetStaysAsItIs(t *testing.T) {
	t.Parallel()
	o := &config.Organization{Flags: []config.FlagRule{{Code: "danger", Words: map[string][]string{"en": {"smoke"}}}}}
	set := []chat.Flag{{Code: "danger", Source: "agent", Reason: "heard it"}}
	s := chat.Snapshot{Flags: set, Messages: []chat.Message{{Author: chat.Author{Kind: chat.AuthorUser}, Text: "smoke"}}}
	if diff := cmp.Diff(set, plan.Flags(o, s)); diff != "" {
		t.Error(diff)
	}
}
