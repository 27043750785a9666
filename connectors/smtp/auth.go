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
func (d dialer) signIn(client *gosmtp.Client, token string) error {
	order := []string{sasl.Plain, sasl.Login, cramMD5Name}
	switch {
	case d.tokens != nil:
		order = []string{xoauth2Name}
	case d.tls == nil:
		order = []string{cramMD5Name, sasl.Plain, sasl.Login}
	}
	for _, mechanism := range order {
		if !client.SupportsAuth(mechanism) {
			continue
		}
		err := client.Auth(d.mechanism(mechanism, token))
		if err == nil {
			return nil
		}
		refused := replyFault(signingIn, err)
		if mechanism == xoauth2Name && refused.Kind == fault.Denied {
			return tokenRefused{refused}
		}
		return refused
	}
	return fault.New(fault.Denied, "auth_unsupported", "the mail server offers no way to sign in that is known here")
}

func (d dialer) mechanism(name, token string) sasl.Client {
	switch name {
	case xoauth2Name:
		return &xoauth2{username: d.username, token: token}
	case sasl.Plain:
		return sasl.NewPlainClient("", d.username, d.password)
	case sasl.Login:
		return sasl.NewLoginClient(d.username, d.password)
	default:
		return &cramMD5{username: d.username, password: d.password}
	}
}

const cramMD5Name = "CRAM-MD5"

// cramMD5 is RFC 2195, which go-sasl has not.
type cramMD5 struct {
	username, password string
	once
}

func (c *cramMD5) Start() (mechanism string, initial []byte, err error) {
	return cramMD5Name, nil, nil
}

func (c *cramMD5) Next(challenge []byte) ([]byte, error) {
	if err := c.asked(); err != nil {
		return nil, err
	}
	mac := hmac.New(md5.New, []byte(c.password))
	mac.Write(challenge)
	return []byte(c.username + " " + hex.EncodeToString(mac.Sum(nil))), nil
}

const xoauth2Name = "XOAUTH2"

// xoauth2 is Google's and Microsoft's, which go-sasl has not: see
// https://developers.google.com/workspace/gmail/imap/xoauth2-protocol.
type xoauth2 struct {
	username, token string
	once
}

func (x *xoauth2) Start() (mechanism string, initial []byte, err error) {
	return xoauth2Name, []byte("user=" + x.username + "\x01auth=Bearer " + x.token + "\x01\x01"), nil
}

// Next is asked only when the token was refused. The challenge says why, in JSON; the
// empty answer to it brings on the refusal itself.
func (x *xoauth2) Next([]byte) ([]byte, error) { return []byte{}, x.asked() }

// once keeps a server from asking for ever.
type once struct{ done bool }

func (o *once) asked() error {
	if o.done {
		return sasl.ErrUnexpectedServerChallenge
	}
	o.done = true
	return nil
}

// tokenRefused is a refused token: another one may be taken.
type tokenRefused struct{ error }

func (t tokenRefused) Unwrap() error { return t.error }
