package smtp_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/connectors/smtp"
)

func TestWhatGoesInTheClearIsSaidBeforehand(t *testing.T) {
	t.Parallel()
	const (
		far      = "mail.acme.example:25"
		provider = "http://login.acme.example/token"
	)
	tokens := func(url string) *smtp.OAuth2 { return &smtp.OAuth2{TokenURL: url, ClientID: "c", ClientSecret: "s"} }
	for name, c := range map[string]struct {
		settings smtp.Settings
		want     string // "error" or "warning", and the field
	}{
		"a password to another host":        {smtp.Settings{Address: far, TLS: smtp.TLSNone, Password: "p"}, "warning tls"},
		"a token to another host":           {smtp.Settings{Address: far, TLS: smtp.TLSNone, Token: "t"}, "warning tls"},
		"fetched tokens to another host":    {smtp.Settings{Address: far, TLS: smtp.TLSNone, OAuth2: tokens("https://login.acme.example/token")}, "warning tls"},
		"nothing to another host":           {smtp.Settings{Address: far, TLS: smtp.TLSNone}, ""},
		"a password under TLS":              {smtp.Settings{Address: far, Password: "p"}, ""},
		"a password to this host":           {smtp.Settings{Address: "localhost:25", TLS: smtp.TLSNone, Password: "p"}, ""},
		"a password to its address":         {smtp.Settings{Address: "127.0.0.2:25", TLS: smtp.TLSNone, Password: "p"}, ""},
		"a password to its address by IPv6": {smtp.Settings{Address: "[::1]:25", TLS: smtp.TLSNone, Password: "p"}, ""},
		"a client's secret to another host": {smtp.Settings{Address: far, OAuth2: tokens(provider)}, "error oauth2.token_url"},
		"the same in capitals":              {smtp.Settings{Address: far, OAuth2: tokens(strings.ToUpper(provider))}, "error oauth2.token_url"},
		"a client's secret to this host":    {smtp.Settings{Address: far, OAuth2: tokens("http://127.0.0.1:8080/token")}, ""},
		"a client's secret under TLS":       {smtp.Settings{Address: far, OAuth2: tokens("https://login.acme.example/token")}, ""},
		"a sender outside ASCII":            {smtp.Settings{Address: far, From: "Acme <jürgen@acme.example>"}, "warning from"},
		"a sender's domain outside ASCII":   {smtp.Settings{Address: far, From: "Jürgen <support@bücher.example>"}, ""},
	} {
		c.settings.Username = "bot"
		if c.settings.Password == "" && c.settings.Token == "" && c.settings.OAuth2 == nil {
			c.settings.Username = ""
		}
		var got []string
		for _, f := range c.settings.Examine() {
			level := "error"
			if f.Warning {
				level = "warning"
			}
			got = append(got, fmt.Sprint(level, " ", f.Field))
		}
		if found := strings.Join(got, ", "); found != c.want {
			t.Errorf("%s: %q, want %q", name, found, c.want)
		}
	}
}
