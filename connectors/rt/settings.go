package rt

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/fault"
)

// Settings are one account at one RT. BaseURL is where its web interface is, as
// "https://rt.acme.example" or "https://acme.example/rt".
type Settings struct {
	connectors.Common  `yaml:",inline"`
	connectors.Answers `yaml:",inline"`
	User               string            `yaml:"user,omitempty" validate:"required_without=Token" json:"user,omitempty"`
	Password           connectors.Secret `yaml:"password,omitempty" validate:"required_without=Token" json:"password,omitempty"`
	// Token is one of RT's authentication tokens, instead of User and Password.
	Token connectors.Secret `yaml:"token,omitempty" json:"token,omitempty"`
	// Queue is the name or id of the queue that tickets go to when their group names none.
	Queue string `yaml:"queue" validate:"required" json:"queue"`
	// KeyField is the ticket custom field that holds the key; empty means AfterchatKey.
	KeyField string `yaml:"key_field,omitempty" json:"key_field,omitempty"`
	// TagsField is a ticket custom field ("Enter multiple values") that takes the tags;
	// empty means that tags are left out, because RT has none.
	TagsField string `yaml:"tags_field,omitempty" json:"tags_field,omitempty"`
	// Notice is what the requester of a ticket with an internal body reads instead of
	// it; empty means a sentence in English.
	Notice string `yaml:"notice,omitempty" json:"notice,omitempty"`
}

const (
	defaultKeyField = "AfterchatKey"
	defaultNotice   = "Thank you for chatting with us. We have opened this ticket to follow up on our conversation."
)

// Identity names the account by its type, server and login.
func (s *Settings) Identity() string { return "rt " + s.BaseURL + " " + s.User }

// Examine refuses an account without its address, and answers that go astray.
func (s *Settings) Examine() []connectors.Finding {
	return append(s.WithoutAddress("https://rt.acme.example"), s.Answers.Examine()...)
}

// Kind is this connector's entry in the table of all of them.
func Kind() connectors.Kind {
	return connectors.Kind{
		Use:      connectors.UseDesk,
		Type:     "rt",
		Settings: func() connectors.Settings { return new(Settings) },
		New: func(s connectors.Settings) (connectors.Connector, error) {
			settings, ok := s.(*Settings)
			if !ok {
				return nil, fault.New(fault.Invalid, "wrong_settings", "these are not the settings of an RT account")
			}
			return New(settings)
		},
	}
}

// FieldProblem refuses the field of the key; every other name or id may be one of RT's.
func (s *Settings) FieldProblem(name string) string {
	switch {
	case strings.TrimSpace(name) == "":
		return "a custom field of RT is named by its name or its id"
	case strings.EqualFold(name, cmp.Or(s.KeyField, defaultKeyField)):
		return "this custom field holds Afterchat's own key (key_field)"
	}
	return ""
}

// fieldName is what may stand between the braces of "CF.{…}" in a search.
var fieldName = regexp.MustCompile(`^[\pL\pN_][\pL\pN_ .:-]*$`)

// complete returns a copy with the defaults filled in, or names the setting that is
// wrong.
func (s *Settings) complete() (Settings, error) {
	out := *s
	bad := func(field, why string) (Settings, error) {
		return Settings{}, fault.New(fault.Invalid, "bad_setting", why).At(field)
	}
	if out.BaseURL == "" {
		return bad("base_url", "is missing: the address of RT's web interface")
	}
	if out.Token == "" && (out.User == "" || out.Password == "") {
		return bad("user", "user and password, or a token, are needed")
	}
	if out.Queue == "" {
		return bad("queue", "is missing: the name or id of a queue")
	}
	if out.KeyField == "" {
		out.KeyField = defaultKeyField
	}
	if !fieldName.MatchString(out.KeyField) {
		return bad("key_field", "may hold letters, digits, spaces and _ . : - alone")
	}
	if out.Notice == "" {
		out.Notice = defaultNotice
	}
	return out, nil
}
