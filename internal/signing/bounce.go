package signing

import (
	"crypto/subtle"
	"encoding/base32"
	"strings"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
)

// BounceMark returns what a mail's bounces have to show, made with the newest key; it is
// the same for as long as that key is. It has no tag when there is no key.
func (k *Keys) BounceMark(organization string, key chat.Key) connectors.BounceMark {
	m := connectors.BounceMark{Key: key}
	if k != nil && !k.Empty() {
		m.Tag = bounceTag(k.bounces[0], organization, key)
	}
	return m
}

// SignedBounce reports whether a mark was made here for a mail of this organization.
func (k *Keys) SignedBounce(organization string, m connectors.BounceMark) bool {
	if k == nil {
		return false
	}
	for _, key := range k.bounces {
		if subtle.ConstantTimeCompare([]byte(bounceTag(key, organization, m.Key)), []byte(m.Tag)) == 1 {
			return true
		}
	}
	return false
}

// bounceTag is 60 bits in base32: it has to fit a local part, lives in letters of one
// case, and can only be tried out one SMTP transaction at a time.
func bounceTag(key []byte, organization string, delivery chat.Key) string {
	text := base32.StdEncoding.EncodeToString(mac(key, organization, delivery.String()))
	return strings.ToLower(text[:connectors.BounceTagLength])
}
