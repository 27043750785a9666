package signing

import (
	"crypto/sha256"
	"crypto/subtle"
	"math/big"
	"strconv"
	"strings"

	"github.com/afterchat/afterchat/internal/fault"
)

// LinkToken returns the token of a link's generation, made with the newest key: 43
// letters and digits, which is 256 bits in base62. It is "" when there is no key.
func (k *Keys) LinkToken(id string, generation int) string {
	if k.Empty() {
		return ""
	}
	return linkToken(k.links[0], id, generation)
}

// LinkTokenFor returns the token whose SHA-256 is hash, trying every key, so that a link
// made before a key was rotated can be shown again. NotFound means that its key was
// taken away.
func (k *Keys) LinkTokenFor(id string, generation int, hash []byte) (string, error) {
	if !k.Empty() {
		for _, key := range k.links {
			token := linkToken(key, id, generation)
			if subtle.ConstantTimeCompare(LinkHash(token), hash) == 1 {
				return token, nil
			}
		}
	}
	return "", fault.New(fault.NotFound, "key_removed", "the key that made this link is no longer in http.secret_keys")
}

// LinkHash returns a token's SHA-256, which is all that the database holds of it.
func LinkHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

func linkToken(key []byte, id string, generation int) string {
	return base62(mac(key, id, strconv.Itoa(generation)))
}

// base62 writes 32 bytes as one number in the digits 0-9, a-z, A-Z, padded to the length
// that the largest needs.
func base62(sum []byte) string {
	const length = 43
	digits := new(big.Int).SetBytes(sum).Text(62)
	return strings.Repeat("0", max(length-len(digits), 0)) + digits
}
