package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/config"
)

func TestEveryProblemIsNamedAtItsPlace(t *testing.T) {
	t.Parallel()
	in := func(text string) string { return organization + text }
	desk := func(text string) string {
		return strings.Replace(organization, "email: a@b.example, token: t", text, 1)
	}
	for name, test := range map[string]struct {
		text string
		want []string // each after "afterchat.yaml:"
	}{
		"no address of PostgreSQL":   {"database: mysql://root:pw@h/x\nredis: redis://a\n", []string{"1:11: database: is no address of PostgreSQL"}},
		"an empty file":              {"", []string{"1:1: the file is empty"}},
		"only a comment":             {"# nothing\n", []string{"1:1: the file is empty"}},
		"a list at the top":          {"- a\n", []string{"1:1: must be a mapping"}},
		"two documents":              {minimal + "---\na: 1\n", []string{"3:1: a second YAML document begins here"}},
		"no YAML":                    {"a: 'x\n", []string{"1:4: is not valid YAML: could not find end character of single-quoted text"}},
		"a tab":                      {"a:\n\tb: 1\n", []string{"2:1: is not valid YAML"}},
		"an unquoted variable":       {"redis: [${A}]\n", []string{`1:10: is not valid YAML: ',' or ']' must be specified; inside [ ] and { } write "${NAME}" with quotes`}},
		"not UTF-8":                  {"database: host=x\nredis: \xff\n", []string{"2:1: is not UTF-8"}},
		"nothing that is required":   {"http: {}\n", []string{"1:1: database: is required", "1:1: redis: is required"}},
		"a key of the top misspelt":  {minimal + "organisations: {}\n", []string{`3:1: unknown key "organisations"; the nearest known one is "organizations"`}},
		"a key of a desk misspelt":   {desk("email: a@b.example, tokn: t"), []string{`6:53: desks: unknown key "tokn"; the nearest known one is "token"`, "token: is required"}},
		"a key of a secret's file":   {desk("email: a@b.example, token_fil: t"), []string{`unknown key "token_fil"; the nearest known one is "token_file"`}},
		"a key far from any":         {minimal + "correcthorse: 1\n", []string{`3:1: unknown key; the nearest known one is "`}},
		"a key given twice":          {minimal + "redis: redis://b\n", []string{"3:1: this key is given twice, first on line 2"}},
		"a desk given twice":         {minimal + "organizations:\n  a:\n    name: A\n    desks:\n      x: {type: rt, token: t}\n      x: {type: rt, token: t}\n", []string{"8:7: desks: this key is given twice, first on line 7"}},
		"a merge key":                {minimal + "http: &h {listen: 'a:1'}\nworkers:\n  <<: *h\n", []string{"5:3: workers: merge keys (<<) are not used here"}},
		"an unknown alias":           {"database: *a\nredis: redis://a\n", []string{"1:11: database: there is no anchor of this name before it"}},
		"an alias of itself":         {"database: host=x\nredis: &a [*a]\n", []string{"2:"}},
		"a tag":                      {"database: !!str x\nredis: redis://a\n", []string{"1:11: database: tags"}},
		"a key without a value":      {minimal + "http:\n  listen:\n", []string{"listen: has no value"}},
		"a number for text":          {in("    region: 5\n"), []string{"7:13: region: must be text; put it in quotes"}},
		"text for a number":          {minimal + "workers: {concurrency: many}\n", []string{"3:24: concurrency: must be a whole number"}},
		"a quoted number":            {minimal + "workers: {concurrency: '8'}\n", []string{"3:24: concurrency: must be a whole number"}},
		"a variable that is none":    {minimal + "workers: {concurrency: '${SID}'}\n", []string{"3:24: concurrency: must be a whole number"}},
		"a variable for a list":      {minimal + "include: '${SID}'\n", []string{"3:10: include: must be a list"}},
		"a fraction":                 {minimal + "workers: {concurrency: 1.5}\n", []string{"3:24: concurrency: must be a whole number"}},
		"too much concurrency":       {minimal + "workers: {concurrency: 100000}\n", []string{"3:24: concurrency: must be 10000 or less"}},
		"a list for a mapping":       {minimal + "http: [a]\n", []string{"3:7: http: must be a mapping"}},
		"a mapping for a list":       {in("    api_keys: {a: b}\n"), []string{"7:15: api_keys: must be a list"}},
		"a text for true or false":   {in("    flags: [{code: a, force_ticket: 'yes', desk: zd}]\n"), []string{"7:37: force_ticket: must be true or false"}},
		"an unset variable":          {"database: ${NOT_THERE}\nredis: redis://a\n", []string{"1:11: database: the environment variable NOT_THERE is not set"}},
		"an unfinished variable":     {"database: x${\nredis: redis://a\n", []string{"1:11: database: after ${ there must be the name"}},
		"a bare number for a time":   {in("    settle: 30\n"), []string{"7:13: settle: a duration has a unit"}},
		"a negative time":            {in("    settle: -5s\n"), []string{"7:13: settle: a duration has a unit and no sign"}},
		"a fraction of a day":        {in("    settle: 1.5d\n"), []string{"7:13: settle: a duration has a unit"}},
		"an empty secret":            {desk("email: a@b.example, token: ''"), []string{"token: must not be empty"}},
		"an empty variable":          {desk("email: a@b.example, token: '${EMPTY}'"), []string{"token: must not be empty"}},
		"a file that is not there":   {desk("email: a@b.example, token_file: nowhere"), []string{"token_file: there is no such file"}},
		"a secret and its file":      {desk("email: a@b.example, token: t, token_file: f"), []string{"token_file: give the key itself or its _file, not both"}},
		"a type misspelt":            {strings.Replace(organization, "type: zendesk", "type: zendsk", 1), []string{`type: unknown type; the nearest known one is "zendesk" (there are rt, zendesk)`}},
		"a type misspelt, once":      {strings.Replace(organization, "type: zendesk", "type: zendsk", 1), []string{"type: unknown type", "!desks: is required"}},
		"no type":                    {strings.Replace(organization, "type: zendesk, ", "", 1), []string{"type: is required; it is one of rt, zendesk"}},
		"smtp as a desk":             {strings.Replace(organization, "type: zendesk", "type: smtp", 1), []string{"type: smtp stands under mail"}},
		"a desk called mail":         {in("") + "  b: {name: B, desks: {mail: {type: rt, token: t}}}\n", []string{"desks: a desk cannot be called mail or sms"}},
		"a connector's own rule":     {desk("email: nobody, token: t"), []string{"email: must be an email address"}},
		"a rule between keys":        {strings.Replace(organization, "zd: {", "zr: {type: rt, user: root}, zd: {", 1), []string{"password: is required where token is not given"}},
		"a desk as sms":              {in("    sms: {type: rt, user: root}\n"), []string{`type: unknown type; the nearest known one is "twilio" (there are twilio)`}},
		"smtp with a type":           {in("    mail: {from: a@b.example, smtp: {type: smtp, address: 'a:1'}}\n"), []string{"smtp: unknown key"}},
		"a bad choice of smtp":       {in("    mail: {from: a@b.example, smtp: {address: 'a:1', tls: maybe}}\n"), []string{"tls: must be one of none, starttls, implicit"}},
		"more than mails can be":     {in("    mail: {from: a@b.example, attachments: {inline: 1KB, attach: 50MB}, smtp: {address: 'a:1'}}\n"), []string{"7:31: attachments: inline and attach must be 50MB or less together"}},
		"files without an end":       {in("    mail: {from: a@b.example, attachments: {attach: 8589934591GB, inline: 8589934591GB}, smtp: {address: 'a:1'}}\n"), []string{"7:31: attachments: inline and attach must be 50MB or less together"}},
		"a name with a comma":        {in("    mail: {from: 'Acme, Inc. <a@b.example>', smtp: {address: 'a:1'}}\n"), []string{`as '"Acme, Inc." <support@acme.example>'`}},
		"mail from nobody":           {in("    mail: {from: nobody, smtp: {address: 'a:1'}}\n"), []string{"7:18: from: must be an address"}},
		"an unknown desk":            {in("    tickets: [{desk: zt}]\n"), []string{`7:22: desk: there is no such desk; the nearest is "zd" (there are zd)`}},
		"a priority misspelt":        {in("    tickets: [{desk: zd, priority: hgih}]\n"), []string{"7:36: priority: must be one of low, normal, high, urgent"}},
		"an unknown body":            {in("    tickets: [{desk: zd, body: all}]\n"), []string{"body: must be one of customer, internal"}},
		"an outcome misspelt":        {in("    tickets: [{desk: zd, when: {outcome: unresolvd}}]\n"), []string{"outcome[0]: must be one of resolved, unresolved, follow_up"}},
		"a when that is empty":       {in("    tickets: [{desk: zd, when: {flags: []}}]\n"), []string{"flags: an empty list would match every chat"}},
		"a bad template":             {in("    tickets: [{desk: zd, fields: {1: '{{ .Usr }}'}}]\n"), []string{"7:38: fields: must be a template"}},
		"a field without a number":   {in("    tickets: [{desk: zd, fields: {order: x}}]\n"), []string{"7:42: fields: the desk names its fields by number"}},
		"an unfinished template":     {in("    tickets: [{desk: zd, fields: {1: '{{ .Form'}}]\n"), []string{"7:38: fields: must be a template"}},
		"a transcript without mail":  {in("    transcripts: [{to: user}]\n"), []string{"needs mail, which this organization does not have"}},
		"internal to the user":       {in("    transcripts: [{to: user, audience: internal}]\n    mail: {from: a@b.example, smtp: {address: 'a:1'}}\n"), []string{"7:40: audience: the user gets only customer"}},
		"a transcript to no address": {in("    transcripts: [{to: users}]\n"), []string{"7:24: to: must be user, or one address"}},
		"a transcript to a machine":  {in("    transcripts: [{to: 'qa@[127.0.0.1]'}]\n"), []string{"7:24: to: must be user, or one address"}},
		"waiting for no ticket":      {in("    transcripts: [{to: user, wait_for_ticket: 1m}]\n    mail: {from: a@b.example, smtp: {address: 'a:1'}}\n"), []string{"wait_for_ticket: no rule of this organization files a ticket"}},
		"a forced ticket, no desk":   {in("    flags: [{code: a, force_ticket: true}]\n"), []string{"desk: is required with force_ticket"}},
		"a flag twice":               {in("    flags: [{code: a}, {code: a}]\n"), []string{"7:31: code: another rule has this code"}},
		"words of no language":       {in("    flags: [{code: a, words: {'!': [b]}}]\n"), []string{"must be a language"}},
		"no such time zone":          {in("    timezone: Europe/Sweden\n"), []string{"7:15: timezone: must be a time zone"}},
		"no such country":            {in("    region: UK\n"), []string{"7:13: region: must be a country's two capital letters"}},
		"a country in small letters": {in("    region: se\n"), []string{"7:13: region: must be a country's two capital letters"}},
		"no language":                {in("    locale: english_language\n"), []string{"7:13: locale: must be a language"}},
		"a colour that is none":      {in("    brand: {color: 'red;}'}\n"), []string{"color: must be a colour"}},
		"a short link secret":        {in("    links: {target: 'https://a.example', secret: short}\n"), []string{"7:50: secret: must have 32 bytes or more"}},
		"links without keys":         {in("    links: {target: 'https://a.example', secret: '${LINK_SECRET}'}\n"), []string{"links: needs http.secret_keys"}},
		"one key for both":           {in("    links: {target: 'https://a.example', secret: '${LINK_SECRET}'}\n") + "http: {secret_keys: ['${LINK_SECRET}']}\n", []string{"secret: must not be one of http.secret_keys"}},
		"a target that is no URL":    {in("    links: {target: 'ftp://a', secret: '${LINK_SECRET}'}\n"), []string{"target: must be a URL that begins with https:// or http://"}},
		"a short signing key":        {minimal + "http: {secret_keys: [short]}\n", []string{"3:22: secret_keys[0]: must have 32 bytes or more"}},
		"an API key twice":           {in("    api_keys: [k, k]\n"), []string{"7:19: api_keys[1]: this key is used twice"}},
		"the admin token as a key":   {in("    api_keys: [k]\n") + "http: {admin_token: k}\n", []string{"7:16: api_keys[0]: this key is used twice"}},
		"an API key elsewhere":       {in("    api_keys: [k]\n") + "  b:\n    name: B\n    api_keys: [k]\n", []string{"10:16: api_keys[0]: this key is used twice"}},
		"an id with a slash":         {minimal + "organizations:\n  a/b: {name: A}\n", []string{"4:"}},
		"listening nowhere":          {minimal + "http: {listen: nowhere}\n", []string{"listen: must be host:port"}},
		"listening everywhere":       {minimal + "http: {listen: ':8080'}\n", []string{"public_url: is required where listen does not name a host"}},
		"a public URL with a query":  {minimal + "http: {public_url: 'https://a.example/?a=b'}\n", []string{"public_url: must have no user, query or fragment"}},
		"redis over http":            {"database: host=x\nredis: http://a\n", []string{"2:8: redis: must be a URL that begins with redis://"}},
		"redis without a host":       {"database: host=x\nredis: redis://\n", []string{"2:8: redis: must name its hosts"}},
		"redis of no database":       {"database: host=x\nredis: redis://a/x\n", []string{"2:8: redis: the path of the URL must be the number"}},
		"sentinels without a master": {"database: host=x\nredis: redis-sentinel://a:1\n", []string{"2:8: redis: redis-sentinel:// needs ?master="}},
		"nodes of two logins":        {"database: host=x\nredis: ['redis://:a@a:1', 'redis://:b@b:1']\n", []string{"redis: all nodes of a cluster need the same"}},
		"no nodes":                   {"database: host=x\nredis: []\n", []string{"2:8: redis: must name a server"}},
		"a bad pattern":              {minimal + "include: ['[']\n", []string{"3:11: include[0]: is not a valid pattern"}},
		"an include of nothing":      {minimal + "include: [nothing.yaml]\n", []string{"3:11: include[0]: there is no such file"}},
		"several at once": {
			"databse: x\nredis: 5\nworkers: {lease: soon}\n",
			[]string{`1:1: unknown key "databse"`, "1:1: database: is required", "2:8: redis: must be text", "3:18: lease: a duration"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, test.text)
			if err == nil {
				t.Fatal("it loaded")
			}
			for _, want := range test.want {
				if unwanted, not := strings.CutPrefix(want, "!"); not {
					if strings.Contains(err.Error(), unwanted) {
						t.Errorf("unwanted: %q in:\n%v", unwanted, err)
					}
				} else if !strings.Contains(err.Error(), want) {
					t.Errorf("want %q in:\n%v", want, err)
				}
			}
			if got := strings.Count(err.Error(), "\n") + 1; got > max(len(test.want), 2) {
				t.Errorf("more problems than there are:\n%v", err)
			}
		})
	}
}

func TestAFileThatIsNotThereIsAProblem(t *testing.T) {
	t.Parallel()
	_, err := config.Load("testdata/nothing.yaml", kinds(), options())
	if got, want := fmt.Sprint(err), "testdata/nothing.yaml:1:1: there is no such file"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
