package templates

import (
	"strings"
	"unicode/utf8"
)

// How much of an agent's display name a customer gets to know.
const (
	NamesFull    = "full"
	NamesFirst   = "first"
	NamesSupport = "support"
)

// AgentPolicy is how an organization lets customers know its agents. Names is one of
// NamesFull, which "" stands for, NamesFirst and NamesSupport; with the last, customers
// see no photos either, whatever Photos says. Colleagues always see whole names.
type AgentPolicy struct {
	Names  string
	Photos bool
}

// name returns what a customer sees of a display name, "" for nothing but that somebody
// of the support was there. What is not a known policy shows nothing.
func (p AgentPolicy) name(displayName string) string {
	name := line(displayName)
	switch p.Names {
	case NamesFull, "":
		return name
	case NamesFirst:
		return firstName(name)
	default:
		return ""
	}
}

// photo returns the address of a photo that a customer may see, "" if there is none.
func (p AgentPolicy) photo(address string) string {
	if !p.Photos || p.Names == NamesSupport {
		return ""
	}
	return photoURL(address)
}

// photoURL takes https alone: mail clients block or warn about what is not.
func photoURL(address string) string {
	if address = webURL(address); !strings.HasPrefix(strings.ToLower(address), "https://") {
		return ""
	}
	return address
}

// firstName returns the first word of a name with the titles in front of it: "Dr. Ann" of
// "Dr. Ann Lee", and "Ann" of "Lee, Ann". A name without spaces, as many are in Chinese
// and Japanese, is whole.
func firstName(name string) string {
	if last, first, ok := strings.Cut(name, ", "); ok && !strings.Contains(last, " ") {
		name = first
	}
	words := strings.Split(name, " ")
	for i, word := range words {
		if i == len(words)-1 || !isTitle(word) {
			return strings.TrimRight(strings.Join(words[:i+1], " "), ",;")
		}
	}
	return name
}

// isTitle reports what stands before a first name and is none: an abbreviation, but not
// an initial, or one of the commonest titles that are written without a full stop.
func isTitle(word string) bool {
	if stem, ok := strings.CutSuffix(word, "."); ok {
		return utf8.RuneCountInString(stem) > 1
	}
	switch strings.ToLower(word) {
	case "dr", "prof", "mr", "mrs", "ms", "miss", "mx", "herr", "frau", "hr", "fru", "mme", "mlle", "monsieur", "madame":
		return true
	default:
		return false
	}
}
