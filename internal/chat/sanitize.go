package chat

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

const replacementEscape = `\ufffd`

// Sanitize returns JSON in which whatever PostgreSQL cannot hold has become U+FFFD: the
// escape \u0000, escapes of lone surrogates, and bytes that are not UTF-8. It works on
// the text, so unknown fields and keys are covered too. The result has the same
// structure as the input, and is the input where there is nothing to do.
func Sanitize(raw []byte) []byte {
	if !utf8.Valid(raw) {
		raw = bytes.ToValidUTF8(raw, []byte("\uFFFD"))
	}
	if !bytes.Contains(raw, []byte(`\u`)) {
		return raw
	}
	var out []byte
	kept := 0
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		if i+1 >= len(raw) || raw[i+1] != 'u' {
			i++ // the escaped character, which may be a backslash
			continue
		}
		unit, ok := escapedUnit(raw, i)
		if !ok {
			continue // malformed: the decoder will say so
		}
		if utf16.IsSurrogate(unit) {
			if low, ok := escapedUnit(raw, i+6); ok && utf16.DecodeRune(unit, low) != utf8.RuneError {
				i += 11
				continue
			}
		} else if unit != 0 {
			i += 5
			continue
		}
		out = append(append(out, raw[kept:i]...), replacementEscape...)
		i += 5
		kept = i + 1
	}
	if out == nil {
		return raw
	}
	return append(out, raw[kept:]...)
}

// escapedUnit reads the UTF-16 code unit of the escape \uXXXX at i.
func escapedUnit(raw []byte, i int) (rune, bool) {
	if i+6 > len(raw) || raw[i] != '\\' || raw[i+1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(raw[i+2:i+6]), 16, 16)
	return rune(n), err == nil
}
