package smtp

import (
	"crypto/rsa"
	"fmt"

	"github.com/afterchat/afterchat/connectors"
)

// Examine looks at what no validate tag can tell: the keys that sign, and whether there
// is something to sign in with.
func (s *Settings) Examine() []connectors.Finding {
	found := s.examineDKIM()
	if s.Username != "" && s.Password == "" && s.Token == "" && s.OAuth2 == nil {
		found = append(found, connectors.Finding{Field: "password", Message: "is required with username, or else token or oauth2"})
	}
	return found
}

func (s *Settings) examineDKIM() []connectors.Finding {
	var found []connectors.Finding
	add := func(warning bool, i int, field, format string, args ...any) {
		found = append(found, connectors.Finding{
			Field: fmt.Sprintf("dkim[%d].%s", i, field), Message: fmt.Sprintf(format, args...), Warning: warning,
		})
	}
	from, fromErr := parseMailbox(s.From)
	names := map[string]bool{}
	for i, k := range s.DKIM {
		key, err := parsePrivateKey(k.Key.Reveal())
		if err != nil {
			add(false, i, "key", "%s", err.Detail)
		} else if rsaKey, ok := key.(*rsa.PrivateKey); ok && rsaKey.N.BitLen() < advisedRSA {
			add(true, i, "key", "an RSA key of %d bits is short; %d are advised", rsaKey.N.BitLen(), advisedRSA)
		}
		domain, err := signingDomain(k)
		if err != nil {
			add(false, i, err.Field, "%s", err.Detail)
			continue
		}
		if name := k.Selector + "._domainkey." + domain; names[name] {
			add(false, i, "selector", "another key has this selector and domain")
		} else {
			names[name] = true
		}
		if fromErr == nil && !aligned(domain, from.domain) {
			add(true, i, "domain", "is not the domain of from, so receivers that ask for DMARC do not count this signature")
		}
	}
	return found
}
