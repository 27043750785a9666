package config_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/config"
)

// Examine finds fault with keys and servers that say so.
func (s *smtp) Examine() []connectors.Finding {
	var found []connectors.Finding
	for _, k := range s.DKIM {
		switch k.Key.Reveal() {
		case "s3cr3t-bad":
			found = append(found, connectors.Finding{Field: "dkim[0].key", Message: "is no key"})
		case "s3cr3t-short":
			found = append(found, connectors.Finding{Field: "dkim[0].key", Message: "is short", Warning: true})
		}
	}
	if s.Address == "nowhere" {
		found = append(found, connectors.Finding{Field: "address", Message: "is nowhere"})
	}
	return found
}

func TestWhatAccountsFindWrongIsNamedAtItsPlace(t *testing.T) {
	t.Parallel()
	mail := func(text string) string { return organization + "    mail: {from: a@b.example, " + text + "}\n" }
	desk := func(text string) string {
		return strings.Replace(organization, "token: t", "token: t, "+text, 1)
	}
	const smtp = "smtp: {address: 'a:1'}"
	for name, test := range map[string]struct{ text, want string }{
		"a key that is none":             {mail("dkim: [{domain: b.example, selector: s, key: s3cr3t-bad}], " + smtp), ":7:76: key: is no key"},
		"a key in a file that is none":   {mail("dkim: [{domain: b.example, selector: s, key_file: bad.pem}], " + smtp), ":7:81: key_file: is no key"},
		"a key's file that is not there": {mail("dkim: [{domain: b.example, selector: s, key_file: none.pem}], " + smtp), ":7:81: key_file: there is no such file"},
		"a key that is not given":        {mail("dkim: [{domain: b.example, selector: s}], " + smtp), "key: is required"},
		"a selector that is not given":   {mail("dkim: [{domain: b.example, key: k}], " + smtp), "selector: is required"},
		"keys at the server":             {mail("smtp: {address: 'a:1', dkim: []}"), "smtp: unknown key"},
		"a server that is nowhere":       {mail("smtp: {address: nowhere}"), ":7:47: address: is nowhere"},
		"answers that go nowhere":        {desk("reply_to: 'support+id{ticket}'"), "reply_to: must be an address once {ticket} is filled in"},
		"answers to a group":             {desk("reply_to: 'Team: support+id{ticket}@acme.example;'"), "reply_to: must be an address once {ticket} is filled in"},
		"answers without a ticket":       {desk("reply_to: support@acme.example"), "reply_to: needs {ticket} in it"},
		"a tag without a ticket":         {desk("subject_tag: '[acme]'"), "subject_tag: must be a short line with {ticket} in it"},
		"a tag of two lines":             {desk(`subject_tag: "[acme #{ticket}]\nBcc: x@y.example"`), "subject_tag: must be a short line"},
		"a very long tag":                {desk("subject_tag: '{ticket}" + strings.Repeat("x", 100) + "'"), "subject_tag: must be a short line"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, "bad.pem", "s3cr3t-bad\n")
			write(t, dir, "afterchat.yaml", test.text)
			_, err := config.Load(filepath.Join(dir, "afterchat.yaml"), kinds(), options())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("%v, want %q", err, test.want)
			}
			if strings.Contains(err.Error(), secretMark) || strings.Count(err.Error(), "\n") > 0 {
				t.Errorf("too much is said:\n%v", err)
			}
		})
	}
}

func TestMailsKeysReachTheAccount(t *testing.T) {
	t.Parallel()
	c, err := load(t, organization+"    mail: {from: a@b.example, dkim: [{domain: b.example, selector: s, key: k}], smtp: {address: 'a:1'}}\n")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "keys", c.Organizations["acme"].Mail.SMTP.(*smtp).DKIM, []connectors.DKIMKey{{Domain: "b.example", Selector: "s", Key: "k"}})
}

func TestCheckWarnsOfAnswersThatMissTheirTicket(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answers, transcripts string
		want                 int
	}{
		"nobody waits":               {"reply_to: 'a+{ticket}@b.example'", "[{to: user}]", 1},
		"nobody waits for a tag":     {"subject_tag: '[b #{ticket}]'", "[{to: user}]", 1},
		"one waits":                  {"reply_to: 'a+{ticket}@b.example'", "[{to: user, wait_for_ticket: 1m}]", 0},
		"only the internal one does": {"reply_to: 'a+{ticket}@b.example'", "[{to: user}, {to: q@b.example, audience: internal, wait_for_ticket: 1m}]", 1},
		"no customer gets any":       {"reply_to: 'a+{ticket}@b.example'", "[{to: q@b.example, audience: internal}]", 0},
		"a desk without answers":     {"on_unknown: park", "[{to: user}]", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := load(t, strings.Replace(organization, "token: t", "token: t, "+test.answers, 1)+
				"    tickets: [{desk: zd}]\n    mail: {from: a@b.example, smtp: {address: 'a:1'}}\n    transcripts: "+test.transcripts+"\n")
			if err != nil {
				t.Fatal(err)
			}
			if got := warned(c); len(got) != test.want {
				t.Errorf("warnings: %q, want %d", got, test.want)
			}
		})
	}
}

func TestCheckTellsWhatAccountsFindHardlyMeant(t *testing.T) {
	t.Parallel()
	c, err := load(t, organization+"    tickets: [{desk: zd}]\n    mail: {from: a@b.example, dkim: [{domain: b.example, selector: s, key: s3cr3t-short}], smtp: {address: 'a:1'}}\n")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "warnings", warned(c), []string{"8:76: dkim[0].key: is short"})
}

// warned returns the warnings, without the file, of desks that can do everything.
func warned(c *config.Config) []string {
	var out []string
	for _, p := range c.Check(func(string, string) connectors.Traits {
		return connectors.Traits{PrivateComments: true, Files: true, Create: connectors.Searchable(0)}
	}) {
		out = append(out, p.Error()[strings.Index(p.Error(), ".yaml:")+len(".yaml:"):])
	}
	return out
}
