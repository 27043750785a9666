package chat

import (
	"net/mail"
	"strings"
)

// GoodAddress reports whether mail can be addressed to it: one bare address (RFC 5322) at
// a domain of more than one label, or at an address literal.
func GoodAddress(address string) bool {
	a, err := mail.ParseAddress(address)
	if err != nil || a.Name != "" || strings.ContainsAny(address, "<>\r\n\x00") || strings.TrimSpace(address) != address {
		return false
	}
	domain := address[strings.LastIndexByte(address, '@')+1:]
	return strings.HasPrefix(domain, "[") || strings.Contains(strings.Trim(domain, "."), ".")
}

// NormalizeAddress makes two spellings of one address equal: the domain's case does not
// count, and in practice neither does the local part's.
func NormalizeAddress(address string) string { return strings.ToLower(strings.TrimSpace(address)) }
