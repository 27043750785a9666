package smtp

import (
	"net/mail"
	"strings"

	"golang.org/x/net/idna"

	"github.com/afterchat/afterchat/internal/fault"
)

// Limits of RFC 5321, 4.5.3.1, in octets.
const (
	maxLocal   = 64
	maxAddress = 254
)

// mailbox is a name and an address that is ready for headers and for the envelope:
// the local part quoted where it must be, the domain in ASCII (RFC 5890).
type mailbox struct {
	name    string
	address string
	domain  string
	// utf8 is true when the local part needs SMTPUTF8 (RFC 6531).
	utf8 bool
}

// parseMailbox reads "Name <local@domain>" or "local@domain". Its fault does not
// repeat the address.
func parseMailbox(s string) (mailbox, error) {
	parsed, err := mail.ParseAddress(s)
	if err != nil || strings.Contains(s[strings.LastIndexByte(s, '@')+1:], ";") { // a group
		return mailbox{}, badAddress()
	}
	at := strings.LastIndexByte(parsed.Address, '@')
	domain, err := asciiDomain(parsed.Address[at+1:])
	if err != nil {
		return mailbox{}, err
	}
	formatted := (&mail.Address{Address: parsed.Address[:at+1] + domain}).String()
	address := formatted[1 : len(formatted)-1] // without the angle brackets
	if at > maxLocal || len(address) > maxAddress || hasControl(address) {
		return mailbox{}, badAddress()
	}
	return mailbox{name: parsed.Name, address: address, domain: domain, utf8: !isASCII(address)}, nil
}

func asciiDomain(domain string) (string, error) {
	if isASCII(domain) {
		return domain, nil
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil {
		return "", badAddress()
	}
	return ascii, nil
}

func badAddress() *fault.Error {
	return fault.New(fault.Invalid, "bad_address", "the recipient is not a mail address").At("to")
}

// header returns the mailbox as it stands in a header, unfolded.
func (m mailbox) header() string {
	name := cleanHeader(m.name)
	if name == "" {
		return m.address
	}
	if needsEncoding(name) {
		return encodeWords(name) + " <" + m.address + ">"
	}
	return quote(name) + " <" + m.address + ">"
}

// quote returns a quoted-string (RFC 5322, 3.2.4), or the name alone where that is a
// row of atoms.
func quote(name string) string {
	if !strings.ContainsAny(name, `()<>[]:;@\,."`) {
		return name
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
