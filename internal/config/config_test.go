package config_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
)

// The settings of three accounts, shaped like real ones. That config knows no connector
// is the point.
type (
	zendesk struct {
		connectors.Common  `yaml:",inline"`
		connectors.Answers `yaml:",inline"`
		Email              string            `yaml:"email" validate:"required,email"`
		Token              connectors.Secret `yaml:"token" validate:"required"`
	}
	rt struct {
		connectors.Common `yaml:",inline"`
		User              string            `yaml:"user" validate:"required_with=Password"`
		Password          connectors.Secret `yaml:"password" validate:"required_without=Token"`
		Token             connectors.Secret `yaml:"token"`
		Queue             string            `yaml:"queue"`
		Timeout           time.Duration     `yaml:"timeout"`
	}
	twilio struct {
		connectors.Common `yaml:",inline"`
		AccountSID        string            `yaml:"account_sid" validate:"required"`
		AuthToken         connectors.Secret `yaml:"auth_token" validate:"required"`
		From              string            `yaml:"from" validate:"required,e164"`
		Countries         []string          `yaml:"countries" validate:"dive,iso3166_1_alpha2"`
	}
	smtp struct {
		connectors.Common `yaml:",inline"`
		From              string               `yaml:"from" validate:"required"`
		ReplyTo           string               `yaml:"reply_to"`
		ReturnPath        string               `yaml:"return_path"`
		DKIM              []connectors.DKIMKey `yaml:"dkim"`
		Address           string               `yaml:"address" validate:"required"`
		TLS               string               `yaml:"tls" validate:"omitempty,oneof=none starttls implicit"`
		Username          string               `yaml:"username" validate:"required_with=Password"`
		Password          connectors.Secret    `yaml:"password" validate:"required_with=Username"`
	}
)

func (*zendesk) Identity() string { return "zendesk" }
func (*rt) Identity() string      { return "rt" }
func (*twilio) Identity() string  { return "twilio" }
func (*smtp) Identity() string    { return "smtp" }

// FieldProblem refuses what is no number.
func (*zendesk) FieldProblem(name string) string {
	if _, err := strconv.Atoi(name); err != nil {
		return "the desk names its fields by number"
	}
	return ""
}

func kinds() map[string]connectors.Kind {
	return map[string]connectors.Kind{
		"zendesk": {Type: "zendesk", Use: connectors.UseDesk, Settings: func() connectors.Settings { return new(zendesk) }},
		"rt":      {Type: "rt", Use: connectors.UseDesk, Settings: func() connectors.Settings { return new(rt) }},
		"twilio":  {Type: "twilio", Use: connectors.UseSMS, Settings: func() connectors.Settings { return new(twilio) }},
		"smtp":    {Type: "smtp", Use: connectors.UseMail, Settings: func() connectors.Settings { return new(smtp) }},
	}
}

// secretMark stands in everything that no error and no log line may show.
const secretMark = "s3cr3t"

func environment() map[string]string {
	return map[string]string{
		"DATABASE_URL":          "postgres://afterchat:s3cr3t-db@localhost/afterchat",
		"REDIS_URL":             "redis://:s3cr3t-redis@localhost:6379/0",
		"AFTERCHAT_ADMIN_TOKEN": "s3cr3t-admin",
		"AFTERCHAT_SECRET_KEY":  "s3cr3t-signing-key-of-at-least-32-bytes",
		"ACME_API_KEY":          "s3cr3t-api-key",
		"ZENDESK_TOKEN":         "s3cr3t-zendesk: {not: yaml}",
		"RT_PASSWORD":           "s3cr3t-${ZENDESK_TOKEN}",
		"SID":                   "AC0001",
		"TOKEN":                 "s3cr3t-twilio",
		"LINK_SECRET":           "s3cr3t-link-secret-of-at-least-32-bytes",
		"N":                     "8",
		"EMPTY":                 "",
	}
}

func options() config.Options {
	env := environment()
	return config.Options{Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
}

func TestTheContractsExampleLoads(t *testing.T) {
	t.Parallel()
	c, err := config.Load("testdata/afterchat.yaml", kinds(), options())
	if err != nil {
		t.Fatal(err)
	}
	env := environment()
	acme := c.Organizations["acme"]
	equal(t, "database", c.Database.Reveal(), env["DATABASE_URL"])
	equal(t, "redis", c.Redis.URL.Reveal(), env["REDIS_URL"])
	equal(t, "http", c.HTTP, config.HTTP{
		Listen: "127.0.0.1:8080", PublicURL: "http://127.0.0.1:8080", AdminToken: "s3cr3t-admin",
		SecretKeys: []connectors.Secret{connectors.Secret(env["AFTERCHAT_SECRET_KEY"])},
	})
	equal(t, "workers", c.Workers, config.Workers{
		Concurrency: 128, Lease: config.Duration(45 * time.Second), Grace: config.Duration(15 * time.Second),
		MaxAge: config.Duration(72 * time.Hour), ShutdownTimeout: config.Duration(25 * time.Second),
	})
	equal(t, "acme", acme, &config.Organization{
		ID: "acme", Name: "Acme Coffee", APIKeys: []connectors.Secret{"s3cr3t-api-key"},
		Locale: "en", Timezone: "Europe/Stockholm", Region: "SE",
		Brand:       config.Brand{Color: "#0a7d55", Website: "https://acme.example"},
		Agents:      config.Agents{Names: "full", Photos: true},
		ContactWait: config.Duration(30 * time.Minute),
		Desks: map[string]connectors.Settings{
			"zd": &zendesk{
				Common: connectors.Common{Type: "zendesk", BaseURL: "https://acme.zendesk.com"},
				Email:  "bot@acme.example", Token: "s3cr3t-zendesk: {not: yaml}",
			},
			"rt": &rt{
				Common: connectors.Common{Type: "rt", BaseURL: "http://127.0.0.1:8799"},
				User:   "root", Password: "s3cr3t-${ZENDESK_TOKEN}", Queue: "General",
			},
		},
		Mail: &config.Mail{From: "Acme Support <support@acme.example>", BodyLimit: 100 << 10, Attachments: config.Attachments{Inline: 2 << 20}, SMTP: &smtp{
			Common: connectors.Common{Type: "smtp"}, From: "Acme Support <support@acme.example>", Address: "127.0.0.1:1025", TLS: "none",
		}},
		SMS: &twilio{
			Common: connectors.Common{Type: "twilio"}, AccountSID: "AC0001", AuthToken: "s3cr3t-twilio",
			From: "+15005550006", Countries: []string{"SE", "US"},
		},
		Tickets: []config.TicketRule{{
			When: config.When{Outcome: []string{"unresolved", "follow_up"}}, Desk: "zd", Group: "Coffee", Priority: "normal",
			Tags: []string{"live-chat"}, Body: chat.Internal, Fields: map[string]string{"360012": "{{ .Form.order_id }}"},
		}},
		Transcripts: []config.TranscriptRule{
			{To: "user", Audience: chat.Customer},
			{To: "qa@acme.example", Audience: chat.Internal, When: config.When{Flags: []string{"health_and_safety"}}},
		},
		Flags: []config.FlagRule{{
			Code: "health_and_safety", Words: map[string][]string{"en": {"smoke", "burn", "shock"}, "de": {"Rauch", "Brand"}},
			Priority: "urgent", ForceTicket: true, Desk: "zd",
		}},
		Links: &config.Links{
			Target: "https://acme.example/chat", Secret: connectors.Secret(env["LINK_SECRET"]), TTL: config.Duration(168 * time.Hour),
		},
	})
	equal(t, "location", acme.Location().String(), "Europe/Stockholm")
	bolt := c.Organizations["bolt"]
	equal(t, "bolt's id", bolt.ID, "bolt")
	equal(t, "bolt's keys", bolt.APIKeys, []connectors.Secret{"bolt-api-key-1-of-the-tests", "bolt-api-key-2-of-the-tests"})
	equal(t, "bolt's password", bolt.Desks["help"].(*rt).Password.Reveal(), "bolt-password-of-the-tests")
	equal(t, "bolt's rule", bolt.Tickets[0].When, config.When{Outcome: []string{"unresolved"}, EndedBy: []string{"user", "timeout"}})
}

// A minimal configuration, and one with a place for a snippet in it.
const (
	minimal      = "database: postgres://localhost/a\nredis: redis://localhost\n"
	organization = minimal + "organizations:\n  acme:\n    name: Acme\n    desks: {zd: {type: zendesk, email: a@b.example, token: t}}\n"
)

func TestAgentsAndTheLimitOfMailsAreAsConfigured(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		yaml string
		want config.Agents
	}{
		"both":         {"agents: {names: support, photos: false}", config.Agents{Names: "support"}},
		"names alone":  {"agents: {names: first}", config.Agents{Names: "first", Photos: true}},
		"photos alone": {"agents: {photos: false}", config.Agents{Names: "full"}},
	} {
		loaded, err := load(t, organization+"    "+c.yaml+"\n    mail: {from: a@b.example, body_limit: 1MB, smtp: {address: 'localhost:25'}}\n")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		equal(t, name, loaded.Organizations["acme"].Agents, c.want)
		equal(t, "body_limit", loaded.Organizations["acme"].Mail.BodyLimit, 1<<20)
	}
	for _, bad := range []string{"agents: {names: nobody}", "agents: {name: full}", "agents: {photos: maybe}", "mail: {from: a@b.example, body_limit: 5, smtp: {address: 'localhost:25'}}"} {
		if _, err := load(t, organization+"    "+bad+"\n"); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestAFolderIsRelativeToTheFileThatNamesIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "afterchat.yaml", minimal+"include: ['more/*.yaml']\norganizations: {acme: {name: Acme, templates: own/acme}, bolt: {name: Bolt, templates: /srv/bolt}, none: {name: None}}\n")
	write(t, dir, "more/cafe.yaml", "name: Cafe\ntemplates: ../own/cafe\n")
	c, err := config.Load(filepath.Join(dir, "afterchat.yaml"), kinds(), options())
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"acme": filepath.Join(dir, "own/acme"), "bolt": "/srv/bolt", "none": "", "cafe": filepath.Join(dir, "own/cafe")} {
		equal(t, id, c.Organizations[id].Templates, config.Folder(want))
	}
	for _, bad := range []string{"' '", "[own]", "7", "{own: x}"} {
		if _, err := load(t, organization+"    templates: "+bad+"\n"); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestWhatIsLeftOutHasItsDefault(t *testing.T) {
	t.Parallel()
	c, err := load(t, organization+"    links: {target: https://a.example, secret: '${LINK_SECRET}'}\n    tickets: [{desk: zd}]\n    mail: {from: a@b.example, smtp: {address: 'localhost:25'}}\n    transcripts: [{to: user}]\n"+
		"http: {secret_keys: ['${AFTERCHAT_SECRET_KEY}']}\n")
	if err != nil {
		t.Fatal(err)
	}
	acme := c.Organizations["acme"]
	equal(t, "listen", c.HTTP.Listen, "127.0.0.1:8080")
	equal(t, "public_url", c.HTTP.PublicURL, "http://127.0.0.1:8080")
	equal(t, "locale", acme.Locale, "en")
	equal(t, "timezone", acme.Timezone, "UTC")
	equal(t, "settle", acme.Settle, 0)
	equal(t, "contact_wait", acme.ContactWait, config.Duration(30*time.Minute))
	equal(t, "agents", acme.Agents, config.Agents{Names: "full", Photos: true})
	equal(t, "body_limit", acme.Mail.BodyLimit, 100<<10)
	equal(t, "ttl", acme.Links.TTL, config.Duration(7*24*time.Hour))
	equal(t, "body", acme.Tickets[0].Body, chat.Internal)
	equal(t, "audience", acme.Transcripts[0].Audience, chat.Customer)
}

func TestSeveralWaysToWriteTheSame(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"an escaped variable is kept as text":       organization + "    locale: en\n    tickets: [{desk: zd, group: 'a $${N} b $ c'}]\n",
		"a block of text is text":                   organization + "    tickets:\n    - desk: zd\n      group: |-\n        a ${N}\n",
		"the environment gives a number":            minimal + "workers: {concurrency: '${N}'}\n",
		"an alias stands for its anchor":            organization + "    tickets: [{desk: &d zd}, {desk: *d}]\n",
		"redis is a list of nodes":                  "database: host=x\nredis: [a:1, b:2, 'redis://c:3']\n",
		"redis is a set of sentinels":               "database: host=x\nredis: redis-sentinel://u:p@a:1,b:2/1?master=m\n",
		"a byte order mark is passed over":          "\uFEFF" + minimal,
		"lines end as on Windows":                   strings.ReplaceAll(organization, "\n", "\r\n"),
		"a wildcard that includes nothing is fine":  minimal + "include: ['nothing/*.yaml']\n",
		"a key of fields may look like a number":    organization + "    tickets: [{desk: zd, fields: {360012: x}}]\n",
		"an expert's settings of all accounts work": strings.Replace(organization, "token: t", "token: t, on_unknown: resend, rate: {per_second: 0.5, burst: 3}", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := load(t, text); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAnIncludeReadsOneOrganizationPerFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "afterchat.yaml", organization+"include: ['*.yaml', more/bolt.yaml, 'more/*']\n")
	write(t, dir, "more/bolt.yaml", "name: Bolt\napi_keys: [k]\n")
	write(t, dir, "more/.hidden.yaml", "rubbish")
	c, err := config.Load(filepath.Join(dir, "afterchat.yaml"), kinds(), options())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "name", c.Organizations["bolt"].Name, "Bolt")

	write(t, dir, "more/acme.yaml", "name: Acme again\n")
	write(t, dir, "more/crane.yaml", "name: Crane\nnam: x\napi_keys: [k]\n")
	write(t, dir, "more/notes.txt", "x")
	_, err = config.Load(filepath.Join(dir, "afterchat.yaml"), kinds(), options())
	for _, want := range []string{
		"more/acme.yaml:1:1: an organization of this id is configured already, in " + filepath.Join(dir, "afterchat.yaml"),
		"more/crane.yaml:2:1: unknown key \"nam\"; the nearest known one is \"name\"",
		"more/crane.yaml:3:12: api_keys[0]: this key is used twice",
		"more/notes.txt:1:1: an included file has the extension",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q in:\n%v", want, err)
		}
	}
	if !fault.Is(err, fault.Invalid) {
		t.Error("the error is no fault of kind Invalid")
	}
}

func load(t *testing.T, text string) (*config.Config, error) {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "afterchat.yaml", text)
	return config.Load(filepath.Join(dir, "afterchat.yaml"), kinds(), options())
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.IgnoreUnexported(config.Organization{})); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}
