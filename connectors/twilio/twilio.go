// Package twilio sends SMS through one Twilio account (Programmable Messaging,
// https://www.twilio.com/docs/messaging/api/message-resource).
//
// Creating a message is not idempotent there: what got no answer is looked for in the
// list of messages to that number, by the piece of text that no other has. The requests
// are made by twilio-go; transport.go gives it the context, the base URL and the
// Retry-After that it lacks. Unverified: how long a new message takes to show in the
// list (ten seconds are waited), and that the list is sorted by date.
package twilio

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/twilio/twilio-go/client"
	openapi "github.com/twilio/twilio-go/rest/api/v2010"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

const (
	// timeout caps one call; Twilio itself gives up after about 26 s.
	timeout = 35 * time.Second
	// lag is how old a message has to be before the list surely shows it.
	lag = 10 * time.Second
	// maxText is the longest body that Twilio takes, in characters (error 21617).
	maxText = 1600
)

// Client sends through one account. It is safe for concurrent use.
type Client struct {
	sid, token string
	from       string
	countries  []string
	base       *url.URL
	transport  *http.Transport
}

var (
	_ connectors.Connector  = (*Client)(nil)
	_ connectors.Sender     = (*Client)(nil)
	_ connectors.SentFinder = (*Client)(nil)
	_ connectors.Prober     = (*Client)(nil)
)

// New returns a client; it calls nobody yet.
func New(s *Settings) (*Client, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	base, err := url.Parse(strings.TrimRight(s.baseURL(), "/"))
	if err != nil || base.Host == "" {
		return nil, fault.New(fault.Invalid, "bad_setting", "must be an http or https URL").At("base_url")
	}
	return &Client{
		sid: s.AccountSID, token: s.AuthToken.Reveal(), from: s.From, countries: s.Countries,
		base: base, transport: newTransport(),
	}, nil
}

// Traits says that a message can be found in the list after a while.
func (c *Client) Traits() connectors.Traits {
	return connectors.Traits{Send: connectors.Searchable(lag), MaxBody: maxText, Timeout: timeout}
}

// Send creates one message. The reference is its SID. A number outside the account's
// countries is Invalid with code "country_not_allowed", a person who has said STOP is
// Invalid with code "opted_out"; other refusals have Twilio's own code.
func (c *Client) Send(ctx context.Context, m connectors.Outgoing) (chat.Ref, error) {
	if err := c.checkMessage(m); err != nil {
		return chat.Ref{}, err
	}
	params := new(openapi.CreateMessageParams).SetTo(m.To).SetBody(m.Text)
	if strings.HasPrefix(c.from, "MG") && len(c.from) == 34 {
		params.SetMessagingServiceSid(c.from)
	} else {
		params.SetFrom(c.from)
	}
	if m.StatusURL != "" {
		params.SetStatusCallback(m.StatusURL)
	}
	var message *openapi.ApiV2010Message
	err := c.call(ctx, "sending an SMS", func(api *openapi.ApiService) (err error) {
		message, err = api.CreateMessage(params)
		return err
	})
	if err != nil {
		return chat.Ref{}, err
	}
	if message.Sid == nil || *message.Sid == "" {
		return chat.Ref{}, fault.New(fault.Ambiguous, "no_sid", "sending an SMS: the answer names no message")
	}
	return chat.Ref{ID: *message.Sid}, nil
}

// Probe reads the account.
func (c *Client) Probe(ctx context.Context) error {
	return c.call(ctx, "reading the account", func(api *openapi.ApiService) error {
		_, err := api.FetchAccount(c.sid)
		return err
	})
}

// Close drops idle connections.
func (c *Client) Close() error {
	c.transport.CloseIdleConnections()
	return nil
}

// checkMessage refuses what Twilio would refuse, and what must not be paid for.
func (c *Client) checkMessage(m connectors.Outgoing) error {
	if _, err := NormalizeNumber(m.To, "", c.countries); err != nil {
		return err
	}
	switch {
	case m.Text == "":
		return fault.New(fault.Invalid, "21602", "the SMS has no text")
	case utf8.RuneCountInString(m.Text) > maxText:
		return fault.New(fault.Invalid, "21617", "the SMS is longer than 1,600 characters")
	}
	return nil
}

// call runs one request of twilio-go and turns what happened into a fault.
func (c *Client) call(ctx context.Context, op string, do func(*openapi.ApiService) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	x := &exchange{ctx: ctx, base: c.base, next: connectors.GuardTransport(c.transport)}
	requester := &client.Client{
		Credentials: client.NewCredentials(c.sid, c.token),
		HTTPClient: &http.Client{
			Transport:     x,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	requester.SetAccountSid(c.sid)
	return x.outcome(op, do(openapi.NewApiServiceWithClient(requester)))
}
