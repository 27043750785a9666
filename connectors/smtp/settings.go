package smtp

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/fault"
)

// Settings are one SMTP account. In the configuration they stand under
// organizations.<name>.mail; base_url is not used.
type Settings struct {
	connectors.Common `yaml:",inline"`
	// From is who mails come from: "Acme Support <support@acme.example>".
	From string `yaml:"from" validate:"required" json:"from"`
	// ReplyTo takes answers, in the same form; empty means From.
	ReplyTo string `yaml:"reply_to,omitempty" json:"reply_to,omitempty"`
	// ReturnPath takes bounces, "bounces@acme.example": each mail has an address of its own
	// made from it (connectors.ReturnPath) as its envelope's sender. Empty means From.
	ReturnPath string `yaml:"return_path,omitempty" json:"return_path,omitempty"`
	// DKIM are the keys that sign every mail, each with a signature of its own. In the
	// configuration they stand beside From.
	DKIM []connectors.DKIMKey `yaml:"dkim,omitempty" json:"dkim,omitempty"`
	// Address is the server's "host:port".
	Address string `yaml:"address" validate:"required" json:"address"`
	// TLS is none, starttls (the default) or implicit. What is asked for is required.
	TLS string `yaml:"tls,omitempty" validate:"omitempty,oneof=none starttls implicit" json:"tls,omitempty"`
	// CAFile holds the certificates (PEM) that the server's must be signed by; empty
	// means those of this machine.
	CAFile   string            `yaml:"ca_file,omitempty" json:"ca_file,omitempty"`
	Username string            `yaml:"username,omitempty" validate:"required_with=Password Token OAuth2" json:"username,omitempty"`
	Password connectors.Secret `yaml:"password,omitempty" json:"password,omitempty"`
	// Token signs in by XOAUTH2 instead of Password, for servers whose tokens last.
	Token connectors.Secret `yaml:"token,omitempty" validate:"excluded_with=Password OAuth2" json:"token,omitempty" jsonschema_description:"Access token that signs in (XOAUTH2) instead of password, where tokens last."`
	// OAuth2 fetches tokens that sign in by XOAUTH2 instead of Password.
	OAuth2 *OAuth2 `yaml:"oauth2,omitempty" validate:"excluded_with=Password" json:"oauth2,omitempty" jsonschema_description:"Where to fetch access tokens that sign in (XOAUTH2) instead of password."`
	// Connections is how many the server is asked for at once; 0 means 10.
	Connections int `yaml:"connections,omitempty" validate:"gte=0,lte=1000" json:"connections,omitempty" jsonschema_description:"How many connections the server is asked for at once. Default 10."`
	// DomainRate is what one recipient domain is sent at most; nil means no limit.
	DomainRate *connectors.Rate `yaml:"domain_rate,omitempty" json:"domain_rate,omitempty" jsonschema_description:"What one recipient domain is sent at most, for a server that delivers by itself. Default: no limit of its own."`
	// Helo is the name that this client introduces itself with; empty means the name of
	// this machine or, where that is not a full one, its address.
	Helo string `yaml:"helo,omitempty" validate:"omitempty,hostname" json:"helo,omitempty"`
}

// The values of Settings.TLS.
const (
	TLSNone     = "none"
	TLSStart    = "starttls"
	TLSImplicit = "implicit"
)

// Identity names the account by its type, server and login.
func (s *Settings) Identity() string {
	return "smtp " + s.Address + " " + s.Username
}

// Kind is this connector's entry in the table of all of them.
func Kind() connectors.Kind {
	return connectors.Kind{
		Use:      connectors.UseMail,
		Type:     "smtp",
		Settings: func() connectors.Settings { return new(Settings) },
		New: func(s connectors.Settings) (connectors.Connector, error) {
			settings, ok := s.(*Settings)
			if !ok {
				return nil, fault.New(fault.Invalid, "wrong_settings", "these are not the settings of an SMTP account")
			}
			return New(settings)
		},
	}
}

// tlsConfig returns nil when mail is to go in the clear.
func (s *Settings) tlsConfig() (*tls.Config, error) {
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil || host == "" {
		return nil, fault.New(fault.Invalid, "bad_setting", "must be host:port").At("address")
	}
	switch s.TLS {
	case TLSNone:
		return nil, nil //nolint:nilnil // no TLS is not an error
	case "", TLSStart, TLSImplicit:
	default:
		return nil, fault.New(fault.Invalid, "bad_setting", "must be none, starttls or implicit").At("tls")
	}
	config := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if s.CAFile == "" {
		return config, nil
	}
	pem, err := os.ReadFile(s.CAFile)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "bad_setting", "cannot be read", err).At("ca_file")
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fault.New(fault.Invalid, "bad_setting", "holds no certificate in PEM form").At("ca_file")
	}
	return config, nil
}
