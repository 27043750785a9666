package twilio

import (
	"regexp"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/fault"
)

// Settings are one Twilio account. In the configuration they stand under
// organizations.<name>.sms.
type Settings struct {
	connectors.Common `yaml:",inline"`
	AccountSID        string            `yaml:"account_sid" validate:"required,alphanum" json:"account_sid"`
	AuthToken         connectors.Secret `yaml:"auth_token" validate:"required,alphanum" json:"auth_token"`
	// From is a number in E.164, a short code or an alphanumeric sender, or the id of a
	// messaging service (MG…).
	From string `yaml:"from" validate:"required" json:"from"`
	// Countries (ISO 3166-1 alpha-2) may be sent to; empty means only the organization's
	// own region.
	Countries []string `yaml:"countries,omitempty" validate:"dive,iso3166_1_alpha2" json:"countries,omitempty"`
}

const defaultBaseURL = "https://api.twilio.com"

// Identity names the account by its type, base URL and SID.
func (s *Settings) Identity() string {
	return "twilio " + s.baseURL() + " " + s.AccountSID
}

func (s *Settings) baseURL() string {
	if s.BaseURL == "" {
		return defaultBaseURL
	}
	return s.BaseURL
}

// Kind is this connector's entry in the table of all of them.
func Kind() connectors.Kind {
	return connectors.Kind{
		Use:      connectors.UseSMS,
		Type:     "twilio",
		Settings: func() connectors.Settings { return new(Settings) },
		New: func(s connectors.Settings) (connectors.Connector, error) {
			settings, ok := s.(*Settings)
			if !ok {
				return nil, fault.New(fault.Invalid, "wrong_settings", "these are not the settings of a Twilio account")
			}
			return New(settings)
		},
	}
}

// alphanumeric is all that twilio-go takes for a name or a password.
var alphanumeric = regexp.MustCompile(`^[a-zA-Z0-9]+$`)

func (s *Settings) check() error {
	switch {
	case !alphanumeric.MatchString(s.AccountSID):
		return fault.New(fault.Invalid, "bad_setting", "must be letters and digits").At("account_sid")
	case !alphanumeric.MatchString(s.AuthToken.Reveal()):
		return fault.New(fault.Invalid, "bad_setting", "must be letters and digits").At("auth_token")
	case s.From == "":
		return fault.New(fault.Invalid, "bad_setting", "is missing").At("from")
	}
	return nil
}
