// Package signing makes and checks what Afterchat lets out of its hands: the tokens of
// conversation links, the addresses of details panes, the tags that prove a bounce to be
// one, and the grants that prove to a chat core that a link was redeemed.
//
// Links, panes and bounces have keys of their own, derived from the operator's secret keys
// (HKDF, RFC 5869), so that a token for one purpose is never good for the other. The
// newest key signs and every key verifies: a key is rotated by putting a new one in
// front and taking the old one away when what it signed has expired. Grants are signed
// with the organization's own secret, which the chat core knows.
package signing

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/fault"
)

// minimum is how many bytes a secret has at least.
const minimum = 32

// What keys are derived for. The words are part of every token: a change makes all
// tokens void.
const (
	purposeLink   = "afterchat link token v1"
	purposePane   = "afterchat pane v1"
	purposeBounce = "afterchat bounce tag v1"
)

// Keys holds the keys of every purpose, newest first. It never changes, and is safe for
// concurrent use.
type Keys struct {
	links, panes, bounces [][]byte
}

// New derives the keys from secrets, newest first, of 32 bytes or more each. Without a
// secret there are no keys: see Empty.
func New(secrets []connectors.Secret) (*Keys, error) {
	k := new(Keys)
	for i, secret := range secrets {
		at := fmt.Sprintf("http.secret_keys[%d]", i)
		if len(secret.Reveal()) < minimum {
			return nil, fault.New(fault.Invalid, "short_key", "a secret key has 32 bytes or more").At(at)
		}
		link, err := derive(secret, purposeLink)
		if err != nil {
			return nil, err
		}
		pane, err := derive(secret, purposePane)
		if err != nil {
			return nil, err
		}
		bounce, err := derive(secret, purposeBounce)
		if err != nil {
			return nil, err
		}
		k.links, k.panes, k.bounces = append(k.links, link), append(k.panes, pane), append(k.bounces, bounce)
	}
	return k, nil
}

// Empty reports whether there is no key, so that neither links nor panes can be made,
// and bounces have no tag.
func (k *Keys) Empty() bool { return k == nil || len(k.links) == 0 }

func derive(secret connectors.Secret, purpose string) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret.Reveal()), nil, purpose, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("deriving a key: %w", err)
	}
	return key, nil
}

// mac is HMAC-SHA-256 over length-prefixed parts, so that no two lists of parts collide.
func mac(key []byte, parts ...string) []byte {
	h := hmac.New(sha256.New, key)
	for _, part := range parts {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		h.Write(n[:])
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}
