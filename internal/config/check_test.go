package config_test

import (
	"strings"
	"testing"

	"github.com/afterchat/afterchat/connectors"
)

func TestCheckWarnsOfWhatIsHardlyMeant(t *testing.T) {
	t.Parallel()
	c, err := load(t, minimal+`
http: {secret_keys: ['${AFTERCHAT_SECRET_KEY}']}
organizations:
  acme:
    name: Acme
    desks:
      zd: {type: zendesk, email: a@b.example, token: t, on_unknown: resend}
      unused: {type: rt, token: t}
    tickets:
      - {desk: zd}
      - {desk: zd, when: {outcome: resolved}}
    links: {target: 'https://a.example', secret: '${LINK_SECRET}'}
  bolt: {name: Bolt}
`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range c.Check(func(organization, desk string) connectors.Traits {
		if organization != "acme" || desk != "zd" {
			t.Errorf("asked for %s's %s", organization, desk)
		}
		return connectors.Traits{MaxBody: 100}
	}) {
		got = append(got, p.Error()[strings.Index(p.Error(), ".yaml:")+len(".yaml:"):])
	}
	equal(t, "warnings", got, []string{
		"10:7: desk unused: no rule files tickets here",
		"9:7: desk zd: it has no private comments, so notes are not attached (no_private_comments)",
		"9:7: desk zd: it takes no files, so a chat of more than 100 bytes becomes several comments",
		"9:69: desk zd: nothing can be looked up here, so on_unknown: resend may file a ticket twice",
		"13:9: tickets[1]: never reached, because tickets[0] matches every chat",
		"14:5: links: without mail and sms, links can be made but not sent",
		"15:3: no rule: when a chat of this organization ends, nothing is delivered",
	})
}

func TestCheckIsSilentWhereAllIsWell(t *testing.T) {
	t.Parallel()
	c, err := load(t, organization+"    tickets: [{desk: zd}]\n")
	if err != nil {
		t.Fatal(err)
	}
	good := connectors.Traits{PrivateComments: true, Files: true, Create: connectors.Searchable(0)}
	for _, p := range c.Check(func(string, string) connectors.Traits { return good }) {
		t.Error(p)
	}
}
