// Package zendesk files tickets in Zendesk Support.
//
// A ticket carries its key as external_id, which can be listed without the lag of a
// search, and as Idempotency-Key, which Zendesk knows for about two hours. A comment
// carries its key in the metadata of its audit: kept by the API, shown to nobody. Every
// comment says whether it is public, because Zendesk would otherwise do as with the
// ticket's first one.
//
// Facts come from https://developer.zendesk.com/api-reference/ticketing/ and from
// Zendesk's OpenAPI description. Not verified against a real account: the error code for
// a key used again with another body, the order of a user's requested tickets (they are
// sorted here as well), and whether Zendesk fills in {{placeholders}} that a chat holds.
package zendesk

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/rest"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

// Type is the name under which an account is configured.
const Type = "zendesk"

// Settings are one Zendesk account. BaseURL is where agents sign in, as
// https://acme.zendesk.com; Token is an API token of the agent with the Email.
type Settings struct {
	connectors.Common  `yaml:",inline"`
	connectors.Answers `yaml:",inline"`
	Email              string            `yaml:"email" validate:"required,email" json:"email"`
	Token              connectors.Secret `yaml:"token" validate:"required" json:"token"`
}

// Identity returns type, base URL and email.
func (s *Settings) Identity() string {
	return strings.Join([]string{Type, trimURL(s.BaseURL), strings.ToLower(s.Email)}, " ")
}

// Examine refuses an account without its address, and answers that go astray.
func (s *Settings) Examine() []connectors.Finding {
	return append(s.WithoutAddress("https://acme.zendesk.com"), s.Answers.Examine()...)
}

// Kind returns the entry of this connector in the table of all.
func Kind() connectors.Kind {
	return connectors.Kind{
		Use:      connectors.UseDesk,
		Type:     Type,
		Settings: func() connectors.Settings { return &Settings{} },
		New: func(s connectors.Settings) (connectors.Connector, error) {
			settings, ok := s.(*Settings)
			if !ok {
				return nil, fault.New(fault.Invalid, "wrong_settings", "these are not the settings of a zendesk account")
			}
			return New(settings)
		},
	}
}

// Client is one account.
type Client struct {
	base   string
	rest   *rest.Client
	rate   connectors.Rate
	groups groups
}

// New returns a client of the account. It calls nobody.
func New(s *Settings) (*Client, error) {
	base := trimURL(s.BaseURL)
	if base == "" {
		return nil, fault.New(fault.Invalid, "missing", "a zendesk account needs its address, as https://acme.zendesk.com").At("base_url")
	}
	user, password := s.Email+"/token", s.Token.Reveal()
	c := &Client{
		base: base,
		rest: rest.New(rest.Options{
			BaseURL:   base + "/api/v2",
			Authorize: func(r *resty.Request) { r.SetBasicAuth(user, password) },
			ErrorCode: errorCode,
		}),
		rate: defaultRate(),
	}
	if s.Rate != nil {
		c.rate = *s.Rate
	}
	return c, nil
}

// defaultRate is what the smallest plan allows, 200 requests a minute: see
// https://developer.zendesk.com/api-reference/introduction/rate-limits/.
func defaultRate() connectors.Rate { return connectors.Rate{PerSecond: 200.0 / 60, Burst: 20} }

// Traits returns what Zendesk can promise. A body over 65,535 bytes is refused; some
// room is left.
func (c *Client) Traits() connectors.Traits {
	return connectors.Traits{
		Create:          connectors.Idempotent(2*time.Hour, 5*time.Second),
		Comment:         connectors.Searchable(0),
		PrivateComments: true,
		Files:           true,
		MaxBody:         64000,
		MaxFile:         50 << 20,
		Timeout:         20 * time.Second,
		Rate:            c.rate,
	}
}

// Probe signs in and reads who that is. An end user cannot file tickets for others.
func (c *Client) Probe(ctx context.Context) error {
	var me struct {
		User struct {
			ID   int64  `json:"id"`
			Role string `json:"role"`
		} `json:"user"`
	}
	_, err := c.rest.Do(ctx, rest.Call{Op: "signing in", Method: http.MethodGet, Path: "/users/me", Into: &me})
	if err != nil {
		return err
	}
	if me.User.ID == 0 || me.User.Role == "end-user" {
		return fault.New(fault.Denied, "not_an_agent", "signing in: this login is not an agent's")
	}
	return nil
}

// errorCode reads {"error": "RecordInvalid"} and {"error": {"title": "Forbidden"}}.
func errorCode(body []byte) string {
	var e struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(body, &e) != nil {
		return ""
	}
	var code string
	if json.Unmarshal(e.Error, &code) == nil {
		return code
	}
	var nested struct {
		Title string `json:"title"`
	}
	if json.Unmarshal(e.Error, &nested) != nil {
		return ""
	}
	return nested.Title
}

// ref names a ticket, or a comment on it, with the page where an agent sees it.
func (c *Client) ref(id, ticket string) chat.Ref {
	return chat.Ref{ID: id, URL: c.base + "/agent/tickets/" + ticket}
}

func trimURL(s string) string { return strings.TrimRight(strings.TrimSpace(s), "/") }
