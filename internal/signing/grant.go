package signing

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/fault"
)

// GrantLife is how long a grant is good for.
const GrantLife = 5 * time.Minute

// GrantClaims says what a redeemed link proves. Target is where the grant is taken to;
// its origin becomes the audience. Agent and Group are whom the chat is assigned to;
// at most one is set.
type GrantClaims struct {
	Organization, Conversation string
	Link, Purpose              string
	Agent, Group               string
	Target                     string
}

// grant has the audience as one string: a list of one is as right (RFC 7519, 4.1.3), but
// simple consumers compare.
type grant struct {
	jwt.RegisteredClaims
	Audience string `json:"aud"`
	Link     string `json:"link"`
	Purpose  string `json:"purpose"`
	Agent    string `json:"agent,omitempty"`
	Group    string `json:"group,omitempty"`
}

// Grant returns the signed proof that a link was redeemed: a JWT (RFC 7519) with HS256,
// good for GrantLife, with an id of its own, so that the chat core can take each once.
func Grant(g GrantClaims, secret connectors.Secret, now time.Time) (string, error) {
	if len(secret.Reveal()) < minimum {
		return "", fault.New(fault.Invalid, "short_key", "the secret that signs grants has 32 bytes or more").At("links.secret")
	}
	audience, err := origin(g.Target)
	if err != nil {
		return "", err
	}
	now = now.Truncate(time.Second)
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, grant{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: g.Organization, Subject: g.Conversation,
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(GrantLife)), ID: uuid.NewString(),
		},
		Audience: audience, Link: g.Link, Purpose: g.Purpose, Agent: g.Agent, Group: g.Group,
	}).SignedString([]byte(secret.Reveal()))
	if err != nil {
		return "", fmt.Errorf("signing a grant: %w", err)
	}
	return signed, nil
}

// origin returns a URL's origin as a browser writes it: scheme and host in lower case,
// no default port (RFC 6454).
func origin(target string) (string, error) {
	u, err := url.Parse(target)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return "", fault.New(fault.Invalid, "invalid_field", "is not an absolute URL").At("links.target")
	}
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return scheme + "://" + host, nil
}
