package connectors

// Common are the settings that every account has. Connectors embed it inline in their
// own settings.
type Common struct {
	Type      string    `yaml:"type" validate:"required" json:"type"`
	BaseURL   string    `yaml:"base_url,omitempty" validate:"omitempty,http_url" json:"base_url,omitempty"`
	OnUnknown OnUnknown `yaml:"on_unknown,omitempty" validate:"omitempty,oneof=park resend" json:"on_unknown,omitempty"`
	Rate      *Rate     `yaml:"rate,omitempty" json:"rate,omitempty"`
}

// CommonSettings returns the shared part of any connector's settings.
func (c Common) CommonSettings() Common { return c }

// WithoutAddress is what Examine says of an account that has no base_url and whose system
// is everywhere at another address; example is one.
func (c Common) WithoutAddress(example string) []Finding {
	if c.BaseURL != "" {
		return nil
	}
	return []Finding{{Field: "base_url", Message: "is required, as " + example}}
}

// OnUnknown says what to do with an unknown outcome where nothing can be looked up.
type OnUnknown string

// Park waits for a person; Resend sends again, at the risk of a second one.
const (
	Park   OnUnknown = "park"
	Resend OnUnknown = "resend"
)

// Settings are the settings of one account: a pointer to the connector's own struct,
// which embeds Common.
type Settings interface {
	CommonSettings() Common
	// Identity names the account whose limits are shared and whose past calls are known
	// there: type, base URL and login, and no secret.
	Identity() string
}

// Use says where a type of account can be configured.
type Use string

// What an account can be used as.
const (
	UseDesk Use = "desk"
	UseMail Use = "mail"
	UseSMS  Use = "sms"
)

// Kind is one entry of the table in package all: a type of account that can be
// configured under its name.
type Kind struct {
	Type string
	Use  Use
	// Settings returns a pointer to a fresh, zero settings struct.
	Settings func() Settings
	// New builds the connector from settings that Settings returned and validation passed.
	New func(Settings) (Connector, error)
}

// Finding is something that is wrong, or hardly meant, with settings and that no
// validate tag can tell. Field is the key, as "dkim[0].key"; Message quotes no value.
type Finding struct {
	Field   string
	Message string
	// Warning is true for what works all the same.
	Warning bool
}

// Examiner is taken up by settings that have to look closer at themselves.
type Examiner interface {
	Examine() []Finding
}

// FieldNamer is taken up by settings of desks that do not take every name of a custom
// field. FieldProblem returns what is wrong with a name, "" if nothing is.
type FieldNamer interface {
	FieldProblem(name string) string
}

// DKIMKey signs an organization's mails for a domain (RFC 6376). Key is a private key in
// PEM form, RSA (PKCS#1 or PKCS#8) or Ed25519 (PKCS#8).
type DKIMKey struct {
	Domain   string `yaml:"domain" validate:"required" json:"domain" jsonschema_description:"Domain that signs; it should be the one of from."`
	Selector string `yaml:"selector" validate:"required" json:"selector" jsonschema_description:"Under <selector>._domainkey.<domain> the DNS has the public key."`
	Key      Secret `yaml:"key" validate:"required" json:"key" jsonschema_description:"Private key in PEM form, RSA of 2048 bits or more, or Ed25519; usually given as key_file."`
}
