package config_test

import (
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/config"
)

const (
	keyed  = minimal + "http: {secret_keys: ['${AFTERCHAT_SECRET_KEY}'], admin_token: the-admins-token}\norganizations:\n"
	listen = "listen: '127.0.0.1:2525'"
)

// bouncing is an organization on one line.
func bouncing(id, bounces string) string {
	return "  " + id + ": {name: N, api_keys: [the-api-key-of-" + id + "], mail: {from: a@b.example, smtp: {address: 'a:1'}, bounces: {" + bounces + "}}}\n"
}

func TestBouncesComeToAnAddressOrToTheWebhook(t *testing.T) {
	t.Parallel()
	c, err := load(t, keyed+
		bouncing("acme", listen+", return_path: bounces@acme.example, secret: s3cr3t-of-acme-alone")+
		bouncing("bolt", listen+", return_path: bounces@bolt.example")+
		bouncing("cup", "secret: s3cr3t-of-cup-alone-"))
	if err != nil {
		t.Fatal(err)
	}
	acme := c.Organizations["acme"].Mail
	equal(t, "acme", *acme.Bounces, config.Bounces{
		Listen: "127.0.0.1:2525", Protocol: config.ProtocolLMTP, ReturnPath: "bounces@acme.example", Secret: "s3cr3t-of-acme-alone",
	})
	for id, want := range map[string]string{"acme": "bounces@acme.example", "bolt": "bounces@bolt.example", "cup": ""} {
		if got := c.Organizations[id].Mail.SMTP.(*smtp).ReturnPath; got != want {
			t.Errorf("mails of %s return to %q, want %q", id, got, want)
		}
	}
}

func TestBouncesThatCannotBeToldApartAreRefused(t *testing.T) {
	t.Parallel()
	good := listen + ", return_path: b@a.example"
	for name, test := range map[string]struct{ text, want string }{
		"no door":                 {keyed + bouncing("a", "return_path: b@a.example"), "secret: is required where listen is not given"},
		"a door for no address":   {keyed + bouncing("a", listen), "return_path: is required together with listen"},
		"a door at no port":       {keyed + bouncing("a", "listen: here, return_path: b@a.example"), "listen: must be a host:port of its own"},
		"the HTTP door":           {keyed + bouncing("a", "listen: '127.0.0.1:8080', return_path: b@a.example"), "listen: must be a host:port of its own"},
		"another protocol":        {keyed + bouncing("a", good+", protocol: uucp"), "protocol: must be one of lmtp, smtp"},
		"two protocols":           {keyed + bouncing("a", good) + bouncing("b", listen+", return_path: b@b.example, protocol: smtp"), "protocol: another organization speaks another protocol here"},
		"one address for two":     {keyed + bouncing("a", good) + bouncing("b", "secret: s-of-sixteen-bytes, return_path: B@A.example"), "return_path: another organization has this return path"},
		"no address":              {keyed + bouncing("a", listen+", return_path: bounces"), "return_path: must be an address, as bounces@acme.example"},
		"an address with a name":  {keyed + bouncing("a", listen+", return_path: B <b@a.example>"), "return_path: must be an address"},
		"letters outside ASCII":   {keyed + bouncing("a", listen+", return_path: b@bücher.example"), "return_path: must be an address"},
		"too long for a key":      {keyed + bouncing("a", listen+", return_path: nineteen-characters@a.example"), "with at most 18 characters before the @"},
		"a secret too short":      {keyed + bouncing("a", "secret: fifteen-bytes-1"), "secret: must have 16 bytes or more"},
		"a secret for two":        {keyed + bouncing("a", "secret: s-of-sixteen-bytes") + bouncing("b", "secret: s-of-sixteen-bytes"), "secret: this secret is used twice"},
		"an API key as secret":    {keyed + bouncing("a", "secret: the-api-key-of-b") + bouncing("b", "secret: s-of-sixteen-bytes"), "secret: this secret is used twice"},
		"the admin's as secret":   {keyed + bouncing("a", "secret: the-admins-token"), "secret: this secret is used twice"},
		"no keys to prove it by":  {strings.Replace(keyed, "secret_keys: ['${AFTERCHAT_SECRET_KEY}'], ", "", 1) + bouncing("a", "secret: s-of-sixteen-bytes"), "bounces: needs http.secret_keys"},
		"a return path of smtp's": {keyed + "  a: {name: N, mail: {from: a@b.example, smtp: {address: 'a:1', return_path: b@a.example}}}\n", "smtp: unknown key"},
		"a misspelt key":          {keyed + bouncing("a", "secert: s-of-sixteen-bytes"), `unknown key "secert"; the nearest known one is "secret"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, test.text)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("want %q in:\n%v", test.want, err)
			}
		})
	}
}
