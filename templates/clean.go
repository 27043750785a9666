package templates

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// line returns s as one line: runs of white space become one space, control characters
// and bidi formatting go, bytes that are not UTF-8 become U+FFFD. What has nothing to see
// is empty.
func line(s string) string {
	if isPlainLine(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	space, visible := false, false
	var marks pile
	for _, r := range s {
		switch {
		case unicode.IsSpace(r) || r == '\u2028' || r == '\u2029':
			space = b.Len() > 0
			continue
		case unicode.IsControl(r) || isBidiFormatting(r):
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		visible = visible || isVisible(r)
		if marks.full(r) {
			b.WriteRune(markBearer)
		}
		b.WriteRune(r)
	}
	if !visible {
		return ""
	}
	return b.String()
}

// block returns s as lines that end in "\n", without empty lines at its end. Control
// characters become their visible pictures (ESC is U+241B), bidi formatting goes, and
// everything that some reader takes for the end of a line becomes one. What has nothing
// to see is empty.
func block(s string) string {
	if !isCleanBlock(s) {
		s = cleanBlock(s)
	}
	if !strings.ContainsFunc(s, isVisible) {
		return ""
	}
	return strings.TrimRight(s, "\n")
}

func cleanBlock(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	afterCR := false
	var marks pile
	for _, r := range s {
		if r == '\n' && afterCR {
			afterCR = false
			continue
		}
		afterCR = r == '\r'
		switch {
		case r == '\n', r == '\r', r == '\v', r == '\f', r == '\u0085', r == '\u2028', r == '\u2029':
			b.WriteByte('\n')
		case r == '\t':
			b.WriteByte('\t')
		case r < 0x20:
			b.WriteRune(0x2400 + r)
		case r == 0x7f:
			b.WriteRune(0x2421)
		case r > 0x7f && r < 0xa0:
			b.WriteRune(utf8.RuneError)
		case isBidiFormatting(r):
		case marks.full(r):
			b.WriteRune(markBearer)
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// The marks around text that may run the other way (Unicode UAX #9, first strong isolate
// and its end). Clean text has none, so those in a line are ours: HTML has <bdi> for them.
const (
	isolateStart = "\u2068"
	isolateEnd   = "\u2069"
)

// isolate keeps other people's text from reordering what stands around it on its line, and
// from being reordered. From left to right, text without right-to-left letters needs no
// marks; from right to left even a dot at its end goes astray without.
func (w *words) isolate(s string) string {
	if s != "" && w.Dir == "rtl" || strings.ContainsFunc(s, isRightToLeft) {
		return isolateStart + s + isolateEnd
	}
	return s
}

// short returns at most limit characters of one line, cut at a word where there is one
// and marked with "…". It is for subjects and for names that repeat: what is cut there
// stands whole elsewhere.
func short(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	cut, runes := 0, 0
	for i := range s {
		if runes == limit-1 {
			cut = i
		}
		if runes++; runes > limit {
			break
		}
	}
	if runes <= limit {
		return s
	}
	if i := strings.LastIndexByte(s[:cut+1], ' '); i > cut/2 {
		cut = i
	} else {
		cut = wholeCharacter(s, cut)
	}
	return strings.TrimRight(s[:cut], " ,;:-–") + "…"
}

// wholeCharacter moves a cut left, out of the middle of what is seen as one character:
// a letter and its marks, an emoji and its modifiers.
func wholeCharacter(s string, cut int) int {
	at := cut
	for at > 0 {
		next, _ := utf8.DecodeRuneInString(s[at:])
		previous, size := utf8.DecodeLastRuneInString(s[:at])
		joined := previous == '\u200d' || next == '\u200d' || unicode.Is(unicode.M, next) ||
			next >= 0x1F3FB && next <= 0x1F3FF || next >= 0xE0020 && next <= 0xE007F
		if !joined {
			return at
		}
		at -= size
	}
	return cut
}

func isPlainLine(s string) bool {
	previous := byte(' ')
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c > '~' || c == ' ' && previous == ' ' {
			return false
		}
		previous = c
	}
	return s == "" || previous != ' '
}

// isCleanBlock reports text that block would leave as it is but for its end.
func isCleanBlock(s string) bool {
	var marks pile
	for i, r := range s {
		switch {
		case r >= ' ' && r < 0x7f || r == '\n' || r == '\t':
			marks = 0
		case r < 0xa0, r == '\u2028', r == '\u2029', isBidiFormatting(r):
			return false
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd"), marks.full(r):
			return false
		}
	}
	return true
}

// mostMarks is how many marks stay on one letter; no script needs so many. A pile of them
// is written over what others said above and below, so the rest stands on circles of its
// own, as Unicode shows a mark that has no letter.
const (
	mostMarks  = 8
	markBearer = '\u25cc'
)

// pile counts the marks on a letter.
type pile int

// full reports whether the next of a text is a mark for which there is no more room.
func (p *pile) full(r rune) bool {
	switch {
	case !isMark(r):
		*p = 0
	case *p < mostMarks:
		*p++
	default:
		*p = 1
		return true
	}
	return false
}

// isMark reports what stands on the letter before it, and the joiners that hold such
// together. What most texts are made of is told without Unicode's tables.
func isMark(r rune) bool {
	switch {
	case r < 0x300, r >= 0x370 && r < 0x483, r >= 0x3100 && r < 0xA66F, r >= 0xAC00 && r < 0xFB1E, r >= 0x1F000 && r < 0xE0100:
		return false
	}
	return r == '\u200c' || r == '\u200d' || unicode.In(r, unicode.Mn, unicode.Me)
}

// isVisible reports what leaves a mark where it is written. What Unicode's tables here do
// not know does: they are older than some emoji. The fillers of Hangul are letters that do
// not, and people call themselves so to have no name; nor does a pattern of Braille without dots.
func isVisible(r rune) bool {
	return !unicode.IsSpace(r) && r != '\u2800' &&
		!unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// isBidiFormatting reports embeddings, overrides and isolates. The marks (U+200E,
// U+200F, U+061C) are harmless and stay.
func isBidiFormatting(r rune) bool {
	return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}

// isRightToLeft reports the blocks of right-to-left scripts, and U+200F.
func isRightToLeft(r rune) bool {
	return r >= 0x0590 && (r <= 0x08FF || r == 0x200F ||
		r >= 0xFB1D && r <= 0xFDFF || r >= 0xFE70 && r <= 0xFEFC ||
		r >= 0x10800 && r <= 0x10FFF || r >= 0x1E800 && r <= 0x1EFFF)
}
