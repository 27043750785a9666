package smtp

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/hex"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"

	"github.com/afterchat/afterchat/internal/fault"
)

// signIn takes the first mechanism that both sides know: inside TLS those that hand
// over the password, in the clear rather the one that does not.
func (d dialer) signIn(client *gosmtp.Client) error {
	order := []string{sasl.Plain, sasl.Login, cramMD5Name}
	if d.tls == nil {
		order = []string{cramMD5Name, sasl.Plain, sasl.Login}
	}
	for _, mechanism := range order {
		if !client.SupportsAuth(mechanism) {
			continue
		}
		if err := client.Auth(d.mechanism(mechanism)); err != nil {
			return replyFault(signingIn, err)
		}
		return nil
	}
	return fault.New(fault.Denied, "auth_unsupported", "the mail server offers no way to sign in that is known here")
}

func (d dialer) mechanism(name string) sasl.Client {
	switch name {
	case sasl.Plain:
		return sasl.NewPlainClient("", d.username, d.password)
	case sasl.Login:
		return sasl.NewLoginClient(d.username, d.password)
	default:
		return cramMD5{d.username, d.password}
	}
}

const cramMD5Name = "CRAM-MD5"

// cramMD5 is RFC 2195, which go-sasl has not.
type cramMD5 struct{ username, password string }

func (c cramMD5) Start() (mechanism string, initial []byte, err error) {
	return cramMD5Name, nil, nil
}

func (c cramMD5) Next(challenge []byte) ([]byte, error) {
	mac := hmac.New(md5.New, []byte(c.password))
	mac.Write(challenge)
	return []byte(c.username + " " + hex.EncodeToString(mac.Sum(nil))), nil
}
