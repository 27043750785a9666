package httpapi

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
)

// The names of the security schemes in the OpenAPI description.
const (
	apiKeyScheme = "apiKey"
	adminScheme  = "adminToken"
	bounceScheme = "bounceSecret"
)

// callers finds an organization by the SHA-256 of one of its API keys, so that the time
// a look-up takes tells nothing about a key.
type callers map[[sha256.Size]byte]*config.Organization

func newCallers(organizations map[string]*config.Organization) callers {
	c := callers{}
	for _, o := range organizations {
		for _, key := range o.APIKeys {
			if key != "" {
				c[sha256.Sum256([]byte(key.Reveal()))] = o
			}
		}
	}
	return c
}

// admit finds out who calls.
func (a *api) admit(r *request) error {
	if _, ok := bearer(r.http); !ok {
		return fault.New(fault.Denied, codeUnauthorized, "send the organization's API key as Authorization: Bearer")
	}
	r.organization = a.caller(r.http)
	if r.organization == nil {
		return fault.New(fault.Denied, codeUnauthorized, "this API key is not known")
	}
	logOrganization(r.writer, r.organization.ID)
	return nil
}

// caller returns the organization whose API key a request has, nil if it has none.
func (a *api) caller(r *http.Request) *config.Organization {
	key, ok := bearer(r)
	if !ok {
		return nil
	}
	return a.callers[sha256.Sum256([]byte(key))]
}

// bearer returns the token of an Authorization header (RFC 6750).
func bearer(r *http.Request) (string, bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	return token, ok && strings.EqualFold(scheme, "Bearer") && token != ""
}

// isAdmin reports whether a request carries the admin token, as Bearer or as the Basic
// password, so that a browser can ask for it.
func isAdmin(r *http.Request, token connectors.Secret) bool {
	given, ok := bearer(r)
	if !ok {
		_, given, ok = r.BasicAuth()
	}
	want, got := sha256.Sum256([]byte(token.Reveal())), sha256.Sum256([]byte(given))
	return ok && token != "" && subtle.ConstantTimeCompare(want[:], got[:]) == 1
}
