package config

import (
	"slices"
	"strings"

	"github.com/afterchat/afterchat/internal/chat"
)

// When says which chats a rule is for. Every list that is not empty has to match; one
// of its entries is enough. In the file a single entry needs no list.
type When struct {
	Outcome  []string `yaml:"outcome,orlist" validate:"dive,oneof=resolved unresolved follow_up" jsonschema_description:"How the chat ended."`
	Flags    []string `yaml:"flags,orlist" validate:"dive,required" jsonschema_description:"Codes of flags; any of the chat's is enough."`
	Groups   []string `yaml:"groups,orlist" validate:"dive,required" jsonschema_description:"The chat's group."`
	Products []string `yaml:"products,orlist" validate:"dive,required" jsonschema_description:"The chat's product."`
	Channels []string `yaml:"channels,orlist" validate:"dive,required" jsonschema_description:"The chat's channel, as web."`
	Locales  []string `yaml:"locales,orlist" validate:"dive,bcp47_language_tag" jsonschema_description:"The chat's language; de is for de-DE and de-AT too."`
	EndedBy  []string `yaml:"ended_by,orlist" validate:"dive,oneof=agent user timeout" jsonschema_description:"Who ended the chat."`
}

// Matches reports whether the rule is for this chat. The snapshot's flags have to hold
// those that rules set.
func (w When) Matches(s chat.Snapshot) bool {
	return has(w.Outcome, s.Outcome) &&
		(len(w.Flags) == 0 || slices.ContainsFunc(s.Flags, func(f chat.Flag) bool { return slices.Contains(w.Flags, f.Code) })) &&
		has(w.Groups, s.Group) &&
		has(w.Products, s.Product) &&
		has(w.Channels, s.Channel) &&
		(len(w.Locales) == 0 || slices.ContainsFunc(w.Locales, func(l string) bool { return covers(l, s.Locale) })) &&
		has(w.EndedBy, s.EndedBy)
}

func has(list []string, value string) bool {
	return len(list) == 0 || slices.Contains(list, value)
}

// covers reports whether a rule's locale is the chat's or a more general one: de covers
// de-DE, zh-Hant covers zh-Hant-TW (basic filtering, RFC 4647 section 3.3.1).
func covers(rule, locale string) bool {
	rule, locale = normalLocale(rule), normalLocale(locale)
	return locale == rule || strings.HasPrefix(locale, rule+"-")
}

func normalLocale(l string) string {
	return strings.ToLower(strings.ReplaceAll(l, "_", "-"))
}

// always reports whether the rule is for every chat.
func (w When) always() bool {
	return len(w.Outcome)+len(w.Flags)+len(w.Groups)+len(w.Products)+len(w.Channels)+len(w.Locales)+len(w.EndedBy) == 0
}
