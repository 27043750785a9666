package config_test

import (
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
)

func TestARuleMatchesWhenEachOfItsListsDoes(t *testing.T) {
	t.Parallel()
	snapshot := chat.Snapshot{
		Outcome: "unresolved", Group: "coffee", Product: "Espresso", Channel: "web", Locale: "de-DE", EndedBy: "user",
		Flags: []chat.Flag{{Code: "vip"}, {Code: "smoke"}},
	}
	type list = []string
	for name, test := range map[string]struct {
		when config.When
		want bool
	}{
		"a rule without conditions matches":      {config.When{}, true},
		"one of several outcomes is enough":      {config.When{Outcome: list{"resolved", "unresolved"}}, true},
		"another outcome does not match":         {config.When{Outcome: list{"resolved"}}, false},
		"any of the chat's flags is enough":      {config.When{Flags: list{"fire", "smoke"}}, true},
		"another flag does not match":            {config.When{Flags: list{"fire"}}, false},
		"the group matches":                      {config.When{Groups: list{"coffee"}}, true},
		"the product does not":                   {config.When{Products: list{"Lungo"}}, false},
		"the channel matches":                    {config.When{Channels: list{"sms", "web"}}, true},
		"who ended it matches":                   {config.When{EndedBy: list{"user"}}, true},
		"a language matches its countries":       {config.When{Locales: list{"de"}}, true},
		"a locale matches however it is written": {config.When{Locales: list{"DE_de"}}, true},
		"another country does not match":         {config.When{Locales: list{"de-AT"}}, false},
		"a language is more than two letters":    {config.When{Locales: list{"d"}}, false},
		"all lists have to match":                {config.When{Outcome: list{"unresolved"}, Groups: list{"tea"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := test.when.Matches(snapshot); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
	if (config.When{Locales: list{"de"}}).Matches(chat.Snapshot{}) {
		t.Error("a chat without a locale matches a rule with one")
	}
}

func TestFieldsAreFilledInFromTheChat(t *testing.T) {
	t.Parallel()
	rule := config.TicketRule{Fields: map[string]string{
		"1": "{{ .Form.order_id }}", "2": "{{ .Form.nothing }}", "3": `{{ index .Form "a b" }}/{{ .Product }}/{{ .Channel }}/{{ .Locale }}/{{ .Conversation }}`, "4": "fixed",
	}}
	got, err := rule.RenderFields(config.FieldData{
		Form: map[string]string{"order_id": "A-1007", "a b": "{{ .Product }}"}, Conversation: "c_1", Product: "P", Channel: "web", Locale: "de",
	})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "fields", got, map[string]string{"1": "A-1007", "2": "", "3": "{{ .Product }}/P/web/de/c_1", "4": "fixed"})
	equal(t, "no answers", must(t, rule, config.FieldData{}), map[string]string{"1": "", "2": "", "3": "////", "4": "fixed"})

	rule.Fields = map[string]string{"1": "{{ index .Product 0 }}"}
	_, err = rule.RenderFields(config.FieldData{Conversation: "s3cr3t"})
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "fields[1]") || strings.Contains(err.Error(), "index") {
		t.Errorf("got %v", err)
	}
}

func must(t *testing.T, rule config.TicketRule, data config.FieldData) map[string]string {
	t.Helper()
	got, err := rule.RenderFields(data)
	if err != nil {
		t.Fatal(err)
	}
	return got
}
