package smtp

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// foldAt is where a header line is folded, in bytes (RFC 5322, 2.1.1: 78).
	foldAt = 76
	// maxWord is the longest word, or row of spaces, left as it is: with nothing longer no
	// line comes near the limit of 998.
	maxWord = 70
	// chunk is how many bytes fit an encoded word (64 characters) that stands behind a
	// header's name in a line of 76 (RFC 2047, 2).
	chunk = 39
)

// writeHeader writes "Name: value", folded at spaces. The value holds no control
// characters: what people typed goes through textHeader or a mailbox first.
func writeHeader(b *bytes.Buffer, name, value string) {
	b.WriteString(name)
	b.WriteByte(':')
	column := len(name) + 1
	for word := range strings.SplitSeq(value, " ") {
		if word != "" && column > len(name)+1 && column+1+len(word) > foldAt {
			b.WriteString("\r\n")
			column = 0
		}
		b.WriteByte(' ')
		b.WriteString(word)
		column += 1 + len(word)
	}
	b.WriteString("\r\n")
}

// textHeader makes any text fit for an unstructured header.
func textHeader(s string) string {
	s = cleanHeader(s)
	if needsEncoding(s) {
		return encodeWords(s)
	}
	return s
}

// cleanHeader puts a space for every control character, line ends included, and U+FFFD
// for what is not UTF-8.
func cleanHeader(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s))
}

func hasControl(s string) bool { return strings.ContainsFunc(s, unicode.IsControl) }

// needsEncoding reports whether a header text cannot stand as it is: it is not ASCII,
// looks like an encoded word, or has a word or a row of spaces too long to fold.
func needsEncoding(s string) bool {
	if !isASCII(s) || strings.Contains(s, "=?") || strings.Contains(s, strings.Repeat(" ", maxWord+1)) {
		return true
	}
	for word := range strings.SplitSeq(s, " ") {
		if len(word) > maxWord {
			return true
		}
	}
	return false
}

// encodeWords returns the text as encoded words (RFC 2047) with a space between them,
// none of which splits a character. mime.BEncoding would leave ASCII alone, long words
// and words that look encoded too.
func encodeWords(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		n := min(len(s), chunk)
		for n < len(s) && !utf8.RuneStart(s[n]) {
			n--
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString("=?UTF-8?B?" + base64.StdEncoding.EncodeToString([]byte(s[:n])) + "?=")
		s = s[n:]
	}
	return b.String()
}
