package config

import (
	"net"
	"net/url"

	"golang.org/x/net/idna"
)

// inASCII writes an international host in a URL as browsers and mail programs look it up
// (RFC 5890): neither a header nor an origin can hold it otherwise. Any other URL stays as
// it is.
func inASCII(address string) string {
	u, err := url.Parse(address)
	if err != nil || !isInternational(u.Hostname()) {
		return address
	}
	host, err := idna.Lookup.ToASCII(u.Hostname())
	if err != nil {
		return address
	}
	if port := u.Port(); port != "" {
		host = net.JoinHostPort(host, port)
	}
	u.Host = host
	return u.String()
}

func isInternational(host string) bool {
	for i := range len(host) {
		if host[i] > '~' {
			return true
		}
	}
	return false
}
