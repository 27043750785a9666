package smtptest

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
)

// login is the server's side of LOGIN, which go-sasl has not.
type login struct {
	check    func(username, password string) error
	username *string
}

func (l *login) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case response == nil:
		return []byte("Username:"), false, nil
	case l.username == nil:
		name := string(response)
		l.username = &name
		return []byte("Password:"), false, nil
	default:
		return nil, true, l.check(*l.username, string(response))
	}
}

const cramMD5Name = "CRAM-MD5"

// cramMD5 is the server's side of RFC 2195.
type cramMD5 struct {
	username, password string
	check              func(bool) error
	challenge          []byte
}

func (c *cramMD5) Next(response []byte) (challenge []byte, done bool, err error) {
	if c.challenge == nil {
		c.challenge = []byte("<" + rand.Text() + "@smtptest>")
		return c.challenge, false, nil
	}
	mac := hmac.New(md5.New, []byte(c.password))
	mac.Write(c.challenge)
	want := c.username + " " + hex.EncodeToString(mac.Sum(nil))
	return nil, true, c.check(hmac.Equal(response, []byte(want)))
}
