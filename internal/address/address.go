// Package address tells which mail addresses are good and which are the same. It is pure:
// nobody is asked.
//
// What a domain is in ASCII only Unicode's tables can tell, golang.org/x/net/idna's, which
// is why this stands by itself and not in package chat.
package address

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Limits of an address, in bytes: RFC 5321 section 4.5.3.1 (without the angle brackets)
// and RFC 1035 section 2.3.4.
const (
	maxLocal   = 64
	maxLabel   = 63
	maxAddress = 254
)

// Good reports whether mail can be addressed to it: one bare address (RFC 5322) at
// a domain of more than one label, within the limits of what a mail server takes. Lengths
// are those of what goes over the wire: the local part quoted where it has to be, the
// domain in ASCII (RFC 5890). An address literal, as ann@[192.0.2.1], is none: it names a
// machine, and often the one that would send the mail.
func Good(address string) bool {
	if strings.TrimSpace(address) != address || strings.ContainsAny(address, "<>") {
		return false
	}
	local, domain, ok := parse(address)
	if !ok || strings.ContainsFunc(local, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }) {
		return false
	}
	if domain, ok = asciiDomain(domain); !ok {
		return false
	}
	sent := quoted(local)
	return len(sent) <= maxLocal && len(sent)+len("@")+len(domain) <= maxAddress
}

// asciiDomain returns a domain as mail servers look it up, and whether they could.
func asciiDomain(domain string) (string, bool) {
	if !isASCII(domain) || strings.Contains(strings.ToLower(domain), acePrefix) {
		var err error
		if domain, err = idna.Lookup.ToASCII(domain); err != nil {
			return "", false
		}
	}
	labels := strings.Split(domain, ".")
	for _, label := range labels {
		if label == "" || len(label) > maxLabel || strings.Trim(label, "-") != label || strings.ContainsFunc(label, notOfHost) {
			return "", false
		}
	}
	return domain, len(labels) > 1
}

// notOfHost tells what no label has; the underscore is against the rules and yet in use.
func notOfHost(r rune) bool {
	return r >= utf8.RuneSelf || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '_'
}

// acePrefix begins a label that stands for one that is not ASCII (RFC 5890).
const acePrefix = "xn--"

// Normalize makes two spellings of one address equal: case does not count (of the
// local part it might, but in practice does not), nor do quotes around a local part that
// needs none, nor whether an international domain is written in Unicode or in ASCII.
func Normalize(address string) string {
	local, domain := Split(address)
	if domain == "" {
		return local
	}
	return quoted(local) + "@" + domain
}

// Split returns an address's local part, unquoted, and its domain, both in the one
// spelling that Normalize has. What is no address has no domain.
func Split(address string) (local, domain string) {
	address = strings.ToLower(strings.TrimSpace(address))
	local, domain, ok := parse(address)
	if !ok {
		return address, ""
	}
	if !isASCII(domain) || strings.Contains(domain, acePrefix) {
		if readable, err := idna.Lookup.ToUnicode(domain); err == nil {
			domain = readable
		}
	}
	return local, domain
}

// parse parses one bare address (RFC 5322 section 3.4.1).
func parse(address string) (local, domain string, ok bool) {
	a, err := mail.ParseAddress(address)
	if err != nil || a.Name != "" {
		return "", "", false
	}
	at := strings.LastIndexByte(a.Address, '@')
	return a.Address[:at], a.Address[at+1:], strings.HasSuffix(address, a.Address[at+1:]) // and not in a group
}

// quoted returns a local part as it is sent: a quoted-string where it is no row of atoms.
func quoted(local string) string {
	const placeholder = "@a"
	formatted := (&mail.Address{Address: local + placeholder}).String()
	return formatted[len("<") : len(formatted)-len(placeholder+">")]
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}
