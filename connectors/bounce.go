package connectors

import (
	"strings"

	"github.com/afterchat/afterchat/internal/chat"
)

// BounceTagLength is how many characters a BounceMark's tag has.
const BounceTagLength = 12

// MaxReturnLocal is how long a return path's local part can be, in octets, for the mark
// to fit after it: RFC 5321, 4.5.3.1.1, leaves 64 for both.
const MaxReturnLocal = 64 - len("+") - 2*len(chat.Key{}) - len(".") - BounceTagLength

// BounceMark says which mail a bounce is about. It stands in that mail's Message-ID and in
// its return path. The tag proves that the mark was taken from there: a key by itself can
// be worked out by who knows the chat's id.
type BounceMark struct {
	Key chat.Key
	Tag string // may be empty
}

// String returns "key.tag", or the key alone where there is no tag.
func (m BounceMark) String() string {
	if m.Tag == "" {
		return m.Key.String()
	}
	return m.Key.String() + "." + m.Tag
}

// ParseBounceMark reads what String writes, in any case: mail servers on the way may
// change that of a local part.
func ParseBounceMark(s string) (BounceMark, bool) {
	digits, tag, tagged := strings.Cut(strings.ToLower(s), ".")
	key, err := chat.ParseKey(digits)
	if err != nil || tagged && len(tag) != BounceTagLength {
		return BounceMark{}, false
	}
	return BounceMark{key, tag}, true
}

// MessageID returns a mail's Message-ID, "<mark@domain>" (RFC 5322, 3.6.4).
func MessageID(m BounceMark, domain string) string {
	return "<" + m.String() + "@" + domain + ">"
}

// MessageMark reads the mark of what MessageID returns, with its angle brackets or without.
func MessageMark(id string) (BounceMark, bool) {
	mark, _, _ := strings.Cut(strings.Trim(id, "<>"), "@")
	return ParseBounceMark(mark)
}

// ReturnPath returns the address that a mail's bounces go to, "local+mark@domain", made
// from the "local@domain" that takes them all (a variable envelope return path).
func ReturnPath(base string, m BounceMark) string {
	at := strings.LastIndexByte(base, '@')
	return base[:at] + "+" + m.String() + base[at:]
}

// CutReturnPath reports whether an address is base, or one that ReturnPath makes of it,
// and returns what stands after the plus sign.
func CutReturnPath(base, address string) (mark string, ok bool) {
	base, address = strings.ToLower(base), strings.ToLower(address)
	at, end := strings.LastIndexByte(base, '@'), strings.LastIndexByte(address, '@')
	if at < 0 || end < at || base[at:] != address[end:] || base[:at] != address[:at] {
		return "", false
	}
	if end == at {
		return "", true
	}
	return strings.CutPrefix(address[at:end], "+")
}
