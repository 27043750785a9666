package signing

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/afterchat/afterchat/internal/fault"
)

// Pane says whose details pane an address opens: one conversation of one organization,
// for one agent, with what that agent may do there (note, transcript, link, settle).
type Pane struct {
	Organization string
	Conversation string
	Agent        string
	Can          []string
	ExpiresAt    time.Time
}

// paneClaims is what a token holds. It is signed, not hidden: the agent may read it.
type paneClaims struct {
	Organization string   `json:"o"`
	Conversation string   `json:"c"`
	Agent        string   `json:"a"`
	Can          []string `json:"n,omitempty"`
	Expires      int64    `json:"x"` // Unix seconds
}

// SignPane returns "claims.signature", each in unpadded URL-safe base64, made with the
// newest key. It is "" when there is no key. ExpiresAt counts in whole seconds.
func (k *Keys) SignPane(p Pane) string {
	if k.Empty() {
		return ""
	}
	// Strings and a number: nothing that json.Marshal can refuse.
	raw, _ := json.Marshal(paneClaims{p.Organization, p.Conversation, p.Agent, p.Can, p.ExpiresAt.Unix()})
	claims := base64.RawURLEncoding.EncodeToString(raw)
	return claims + "." + base64.RawURLEncoding.EncodeToString(mac(k.panes[0], claims))
}

// VerifyPane reads what SignPane wrote. A token that is not ours, or has expired, is
// Denied.
func (k *Keys) VerifyPane(token string, now time.Time) (Pane, error) {
	claims, signature, _ := strings.Cut(token, ".")
	given, err := base64.RawURLEncoding.Strict().DecodeString(signature)
	if err != nil || !k.signedPane(claims, given) {
		return Pane{}, fault.New(fault.Denied, "bad_signature", "this address is not one that was given out")
	}
	raw, err := base64.RawURLEncoding.DecodeString(claims)
	if err != nil {
		return Pane{}, fault.New(fault.Denied, "bad_signature", "this address is not one that was given out")
	}
	var c paneClaims
	if err := json.Unmarshal(raw, &c); err != nil {
		return Pane{}, fault.New(fault.Denied, "bad_signature", "this address is not one that was given out")
	}
	expires := time.Unix(c.Expires, 0)
	if !now.Before(expires) {
		return Pane{}, fault.New(fault.Denied, "expired", "this address has expired: ask for a new one")
	}
	return Pane{Organization: c.Organization, Conversation: c.Conversation, Agent: c.Agent, Can: c.Can, ExpiresAt: expires}, nil
}

func (k *Keys) signedPane(claims string, signature []byte) bool {
	for _, key := range k.panes {
		if hmac.Equal(mac(key, claims), signature) {
			return true
		}
	}
	return false
}
