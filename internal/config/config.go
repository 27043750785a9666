// Package config reads afterchat.yaml: strict YAML in, a typed and checked Config out.
//
// Load goes over the syntax tree itself, so that every problem is reported, all at
// once, each as "file:line:column: message". It expands ${NAME} in values, reads
// secrets from files (<key>_file), follows include, and checks what can be checked
// without calling anybody; Check adds warnings once the connectors are built.
//
// No value of the file, of the environment or of a secret's file ever becomes part of
// an error: messages name keys, positions and what would have been right.
package config

import (
	"net"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/afterchat/afterchat/connectors"
)

// Config is a whole configuration. Load returns it complete: defaults are set,
// references hold, and every secret is there.
type Config struct {
	Database      connectors.Secret        `yaml:"database" validate:"required" jsonschema_description:"PostgreSQL: a URL (postgres://…) or a keyword string (host=… dbname=…)."`
	Redis         Redis                    `yaml:"redis" validate:"required" jsonschema_description:"Redis: a URL (redis://, rediss://, redis-sentinel://) or the list of a cluster's nodes."`
	HTTP          HTTP                     `yaml:"http" jsonschema_description:"The HTTP door."`
	Workers       Workers                  `yaml:"workers" jsonschema_description:"How deliveries are worked off."`
	Include       []string                 `yaml:"include" validate:"dive,required" jsonschema_description:"Patterns (as organizations/*.yaml), relative to this file, of files that hold one organization each: the file's base name is its id, the content its mapping."`
	Organizations map[string]*Organization `yaml:"organizations" validate:"dive,required" jsonschema_description:"The organizations (tenants) by id."`

	places map[string]place
}

// HTTP is the HTTP door.
type HTTP struct {
	Listen     string              `yaml:"listen" validate:"required,listen" jsonschema_description:"Where to listen, host:port. Default 127.0.0.1:8080."`
	PublicURL  string              `yaml:"public_url" validate:"omitempty,http_url" jsonschema_description:"Under which URL users and vendors reach this door; links and callbacks are built from it. Default http:// and listen, where listen names a host."`
	AdminToken connectors.Secret   `yaml:"admin_token" jsonschema_description:"Opens /monitor/. Without it the dashboard is closed."`
	SecretKeys []connectors.Secret `yaml:"secret_keys" validate:"dive,signing_key" jsonschema_description:"Keys that sign links and panes, newest first, 32 bytes or more each. Needed as soon as an organization has links."`
}

// Workers says how deliveries are worked off.
type Workers struct {
	Concurrency     int      `yaml:"concurrency" validate:"gte=1,lte=10000" jsonschema_description:"How many deliveries a process works on at once. Default 128."`
	Lease           Duration `yaml:"lease" validate:"gt=0" jsonschema_description:"How long a claim on a delivery holds without being extended: how long the call of a process that died is waited for. Default 45s."`
	Grace           Duration `yaml:"grace" jsonschema_description:"How long after a lease's end another worker waits before it takes the delivery over. Default 15s."`
	MaxAge          Duration `yaml:"max_age" validate:"gt=0" jsonschema_description:"After how long an undone delivery is given up. Default 72h."`
	ShutdownTimeout Duration `yaml:"shutdown_timeout" validate:"gt=0" jsonschema_description:"How long a stopping process waits for calls in flight. Default 25s."`
	// Listen is for a process without the HTTP door, which has these pages anyway.
	Listen string `yaml:"listen" validate:"omitempty,listen" jsonschema_description:"Where a process of the role worker alone answers /healthz, /readyz and /metrics, host:port. Without it: nowhere."`
}

// Options are what Load takes from its surroundings.
type Options struct {
	// Env reads an environment variable; nil means the process's own.
	Env func(name string) (value string, ok bool)
}

// Load reads the file at path and all that it includes. kinds are the types of accounts
// by name, as package connectors/all lists them. The error is a Problems, which holds a
// fault of kind Invalid for everything that is wrong.
func Load(path string, kinds map[string]connectors.Kind, o Options) (*Config, error) {
	if o.Env == nil {
		o.Env = os.LookupEnv
	}
	r := newReport()
	c := new(Config)
	c.setDefaults()
	main, ok := readSource(path, r)
	if !ok {
		return nil, r.err()
	}
	d := &decoder{source: main, report: r, env: o.Env, kinds: kinds}
	d.value(main.root, reflect.ValueOf(c).Elem(), spot{})
	if r.failed[""] {
		return nil, r.err()
	}
	d.include(c)
	c.complete()
	validate(c, r)
	crossCheck(c, r)
	if err := r.err(); err != nil {
		return nil, err
	}
	c.places = r.places
	return c, nil
}

// complete fills in what follows from other values.
func (c *Config) complete() {
	c.HTTP.complete()
	for id, org := range c.Organizations {
		if org == nil {
			continue
		}
		org.ID = id
		org.Brand.LogoURL, org.Brand.Website = inASCII(org.Brand.LogoURL), inASCII(org.Brand.Website)
		if org.Links != nil {
			org.Links.Target = inASCII(org.Links.Target)
		}
		// A zone that there is not is the validation's to report.
		org.location, _ = time.LoadLocation(org.Timezone)
		if org.Mail != nil {
			org.Mail.completeAccount()
		}
	}
}

func (c *Config) setDefaults() {
	c.HTTP.setDefaults()
	c.Workers.setDefaults()
}

func (h *HTTP) setDefaults() { h.Listen = "127.0.0.1:8080" }

func (h *HTTP) complete() {
	h.PublicURL = inASCII(strings.TrimRight(h.PublicURL, "/"))
	if host, _, err := net.SplitHostPort(h.Listen); err == nil && h.PublicURL == "" && host != "" {
		if ip := net.ParseIP(host); ip == nil || !ip.IsUnspecified() {
			h.PublicURL = "http://" + h.Listen
		}
	}
}

func (w *Workers) setDefaults() {
	*w = Workers{
		Concurrency:     128,
		Lease:           Duration(45 * time.Second),
		Grace:           Duration(15 * time.Second),
		MaxAge:          Duration(72 * time.Hour),
		ShutdownTimeout: Duration(25 * time.Second),
	}
}
