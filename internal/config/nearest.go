package config

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Nearest returns the candidate that is most like a word or, where it is like none, begins
// with it; "" if there are no candidates.
func Nearest(word string, candidates []string) string {
	best, _ := nearest(word, candidates)
	return best
}

// nearest returns that candidate, the first of several in alphabetical order, and how many
// edits it takes to get there from word.
func nearest(word string, candidates []string) (best string, edits int) {
	sorted := slices.Sorted(slices.Values(candidates))
	if len(word) > 64 {
		word = word[:64]
	}
	least := 0
	for _, c := range sorted {
		n := distance([]rune(word), []rune(c))
		away := n
		if strings.HasPrefix(c, word) {
			away = min(n, beginning)
		}
		if best == "" || away < least {
			best, edits, least = c, n, away
		}
	}
	return best, edits
}

// beginning is how many edits the beginning of a word is away from the whole of it, at most.
const beginning = 2

// typo reports whether a word is so near to a known one that it can only be a slip of
// the finger, and so may be shown; anything else could be a secret in a wrong place.
func typo(word string, edits int) bool {
	return edits <= 2 && edits*3 <= utf8.RuneCountInString(word)
}

// distance counts the insertions, deletions, replacements and swaps of neighbours
// between two words (optimal string alignment).
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
