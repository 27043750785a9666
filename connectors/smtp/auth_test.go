package smtp_test

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"testing"

	"github.com/afterchat/afterchat/connectors/smtp"
	"github.com/afterchat/afterchat/internal/fault"
)

// TestAServerThatAsksAgainAndAgainIsAnsweredOnce has servers that give the same challenge
// for every answer.
func TestAServerThatAsksAgainAndAgainIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	mac := hmac.New(md5.New, []byte("secret"))
	mac.Write([]byte("once more"))
	challenge := "334 " + base64.StdEncoding.EncodeToString([]byte("once more"))
	for mechanism, test := range map[string]struct {
		answer string
		change func(*smtp.Settings)
	}{
		"CRAM-MD5": {base64.StdEncoding.EncodeToString([]byte("shop " + hex.EncodeToString(mac.Sum(nil)))), func(s *smtp.Settings) { s.Password = "secret" }},
		"XOAUTH2":  {"", func(s *smtp.Settings) { s.Token = "token" }},
	} {
		server := script(t, map[string]string{"EHLO": "250-scripted\r\n250 AUTH " + mechanism, "AUTH": challenge, test.answer: challenge, "*": "501 5.0.0 so be it"})
		_, err := server.client(t, func(s *smtp.Settings) {
			s.Username = "shop"
			test.change(s)
		}).Send(t.Context(), outgoing(t))
		if !fault.Is(err, fault.Transient) {
			t.Errorf("%s: %v", mechanism, err)
		}
		answers := 0
		for _, line := range server.heard() {
			if line == test.answer {
				answers++
			}
		}
		if answers != 1 {
			t.Errorf("%s: answered %d times", mechanism, answers)
		}
	}
}
