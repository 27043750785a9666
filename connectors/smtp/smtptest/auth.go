package smtptest

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"

	gosmtp "github.com/emersion/go-smtp"
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

const xoauth2Name = "XOAUTH2"

// xoauth2 refuses as Google and Microsoft do: first a challenge that says why, then,
// once that has its empty answer, the refusal.
type xoauth2 struct {
	want    string
	check   func(bool) error
	refused bool
}

func (x *xoauth2) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case x.refused && len(response) == 0:
		return nil, true, x.check(false)
	case x.refused:
		return nil, true, gosmtp.ErrAuthUnsupported
	case string(response) != x.want:
		x.refused = true
		return []byte(`{"status":"401","schemes":"bearer","scope":"https://mail.example/"}`), false, nil
	}
	return nil, true, x.check(true)
}

func (s *Server) token() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.options.Token
}
