package plan

import (
	"slices"
	"strings"
	"unicode"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
)

// Flags returns the snapshot's flags and those that the organization's words set, with
// the text that set them. A flag that a person or the assistant set already stays as it
// is.
func Flags(o *config.Organization, s chat.Snapshot) []chat.Flag {
	flags := slices.Clone(s.Flags)
	for _, rule := range o.Flags {
		if slices.ContainsFunc(flags, func(f chat.Flag) bool { return f.Code == rule.Code }) {
			continue
		}
		if evidence, ok := firstMention(s, wordsOf(rule)); ok {
			flags = append(flags, chat.Flag{Code: rule.Code, Source: "rule", Evidence: evidence})
		}
	}
	return flags
}

// wordsOf returns a rule's words of every language: people do not keep to the one that
// their browser names, and a warning too many beats one too few.
func wordsOf(rule config.FlagRule) []string {
	var all []string
	for _, words := range rule.Words {
		all = append(all, words...)
	}
	return all
}

// firstMention returns the first text of the user that has one of the words as a whole
// word, whatever its case.
func firstMention(s chat.Snapshot, words []string) (string, bool) {
	if len(words) == 0 {
		return "", false
	}
	for _, m := range s.Messages {
		if m.Author.Kind != chat.AuthorUser {
			continue
		}
		text := strings.ToLower(m.Text)
		for _, word := range words {
			if hasWord(text, strings.ToLower(word)) {
				return m.Text, true
			}
		}
	}
	return "", false
}

// hasWord looks for a word that no letter or digit continues on either side. Where the
// script has no spaces (Chinese, Japanese, Thai) that test would find nothing, so a word
// of such letters may stand anywhere.
func hasWord(text, word string) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], word)
		if at < 0 || word == "" {
			return false
		}
		at += from
		before := lastRune(text[:at])
		after := firstRune(text[at+len(word):])
		if !joins(before, firstRune(word)) && !joins(lastRune(word), after) {
			return true
		}
		from = at + len(word)
	}
}

func joins(a, b rune) bool { return spaced(a) && spaced(b) }

func spaced(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsDigit(r)) && !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer)
}

func firstRune(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}

func lastRune(s string) rune {
	r := []rune(s[max(0, len(s)-4):])
	if len(r) == 0 {
		return 0
	}
	return r[len(r)-1]
}
