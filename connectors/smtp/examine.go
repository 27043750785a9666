package smtp

import (
	"crypto/rsa"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/afterchat/afterchat/connectors"
)

// Examine looks at what no validate tag can tell: the keys that sign, whether there is
// something to sign in with, who could read that on its way, and whether every server
// takes the sender.
func (s *Settings) Examine() []connectors.Finding {
	found := append(s.examineDKIM(), s.examineSecrecy()...)
	if from, err := parseMailbox(s.From); err == nil && from.utf8 {
		found = append(found, connectors.Finding{Field: "from", Message: "is not ASCII before the @, so only servers with SMTPUTF8 take mail from it", Warning: true})
	}
	if s.Username != "" && s.Password == "" && s.Token == "" && s.OAuth2 == nil {
		found = append(found, connectors.Finding{Field: "password", Message: "is required with username, or else token or oauth2"})
	}
	return found
}

// examineSecrecy finds what signs in and would go to another machine in the clear.
func (s *Settings) examineSecrecy() []connectors.Finding {
	var found []connectors.Finding
	host, _, err := net.SplitHostPort(s.Address)
	if signsIn := s.Password != "" || s.Token != "" || s.OAuth2 != nil; err == nil && signsIn && s.TLS == TLSNone && !isLoopback(host) {
		found = append(found, connectors.Finding{Field: "tls", Message: "none sends what signs in (password, token) to another machine in the clear", Warning: true})
	}
	if s.OAuth2 == nil {
		return found
	}
	if u, err := url.Parse(s.OAuth2.TokenURL); err == nil && u.Scheme == "http" && !isLoopback(u.Hostname()) {
		found = append(found, connectors.Finding{Field: "oauth2.token_url", Message: "must begin with https://: the client's secret and tokens would go to another machine in the clear"})
	}
	return found
}

// isLoopback reports whether a host is this machine by its name or address.
func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && address.IsLoopback()
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
