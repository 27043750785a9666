package smtp

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/fault"
)

// OAuth2 fetches the tokens that sign in by XOAUTH2 (RFC 6749): by the refresh token
// where there is one, and otherwise by the client's own credential.
type OAuth2 struct {
	TokenURL     string            `yaml:"token_url" validate:"required,http_url" json:"token_url" jsonschema_description:"Where tokens are fetched, as https://oauth2.googleapis.com/token."`
	ClientID     string            `yaml:"client_id" validate:"required" json:"client_id" jsonschema_description:"The client's id at the provider."`
	ClientSecret connectors.Secret `yaml:"client_secret,omitempty" validate:"required_without=RefreshToken" json:"client_secret,omitempty" jsonschema_description:"The client's secret; may be missing beside a refresh_token."`
	RefreshToken connectors.Secret `yaml:"refresh_token,omitempty" json:"refresh_token,omitempty" jsonschema_description:"Stands for the mailbox's owner; without it the client signs in for itself (client credentials)."`
	Scope        string            `yaml:"scope,omitempty" json:"scope,omitempty" jsonschema_description:"What is asked for, several with spaces, as https://outlook.office365.com/.default."`
}

const (
	// tokenTimeout caps one fetch.
	tokenTimeout = 10 * time.Second
	// tokenMargin is how long before its end a token is replaced: it has to last until
	// the server has looked at it.
	tokenMargin = time.Minute
)

// tokens keeps an access token for all sessions of an account.
type tokens struct {
	fetch   func(context.Context) (*oauth2.Token, error)
	lock    chan struct{} // of size 1: unlike a mutex it can be waited for with a context
	current *oauth2.Token
}

// newTokens returns the source that the settings ask for, nil if they ask for none. A
// fixed token is its own source and is never replaced.
func newTokens(s *Settings) *tokens {
	t := &tokens{lock: make(chan struct{}, 1)}
	switch {
	case s.OAuth2 != nil && s.OAuth2.RefreshToken != "":
		t.fetch = s.OAuth2.byRefreshToken()
	case s.OAuth2 != nil:
		t.fetch = s.OAuth2.byClientCredential()
	case s.Token != "":
		fixed := &oauth2.Token{AccessToken: s.Token.Reveal()}
		t.fetch = func(context.Context) (*oauth2.Token, error) { return fixed, nil }
	default:
		return nil
	}
	return t
}

// get returns a token that is good for a while and is not the refused one, fetched if
// need be. The same as the refused one means that there is no other.
func (t *tokens) get(ctx context.Context, refused string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	select {
	case t.lock <- struct{}{}:
		defer func() { <-t.lock }()
	case <-ctx.Done():
		return "", tokenFault(ctx.Err())
	}
	if c := t.current; c != nil && c.AccessToken != refused && (c.Expiry.IsZero() || time.Until(c.Expiry) > tokenMargin) {
		return c.AccessToken, nil
	}
	fresh, err := t.fetch(ctx)
	if err != nil {
		return "", tokenFault(err)
	}
	t.current = fresh
	return fresh.AccessToken, nil
}

func (o *OAuth2) byClientCredential() func(context.Context) (*oauth2.Token, error) {
	config := &clientcredentials.Config{ClientID: o.ClientID, ClientSecret: o.ClientSecret.Reveal(), TokenURL: o.TokenURL, Scopes: o.scopes()}
	client := tokenClient()
	return func(ctx context.Context) (*oauth2.Token, error) {
		return config.Token(context.WithValue(ctx, oauth2.HTTPClient, client))
	}
}

// byRefreshToken keeps the refresh token that comes with a new token: some providers
// replace it each time.
func (o *OAuth2) byRefreshToken() func(context.Context) (*oauth2.Token, error) {
	config := &oauth2.Config{
		ClientID: o.ClientID, ClientSecret: o.ClientSecret.Reveal(), Endpoint: oauth2.Endpoint{TokenURL: o.TokenURL}, Scopes: o.scopes(),
	}
	client := tokenClient()
	refresh := o.RefreshToken.Reveal()
	return func(ctx context.Context) (*oauth2.Token, error) {
		ctx = context.WithValue(ctx, oauth2.HTTPClient, client)
		token, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: refresh}).Token()
		if err == nil {
			refresh = token.RefreshToken
		}
		return token, err
	}
}

// tokenClient keeps no connection: a token is fetched about once an hour.
func tokenClient() *http.Client {
	return &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}, Timeout: tokenTimeout}
}

func (o *OAuth2) scopes() []string {
	if o.Scope == "" {
		return nil
	}
	return []string{o.Scope}
}

// errorWords are the error codes of RFC 6749, 5.2, and those like them.
var errorWords = regexp.MustCompile(`^[a-z_]{1,40}$`)

// tokenFault says why there is no token. The provider's text stays out of it.
func tokenFault(err error) error {
	answer, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok || answer.Response == nil {
		return fault.Wrap(fault.Transient, "oauth2_no_answer", "the server that gives out tokens gave none", err)
	}
	status := answer.Response.StatusCode
	code := "oauth2_" + strconv.Itoa(status)
	if errorWords.MatchString(answer.ErrorCode) {
		code = answer.ErrorCode
	}
	if status == http.StatusTooManyRequests || status >= 500 {
		return fault.Wrap(fault.Transient, code, "the server that gives out tokens has none now", err)
	}
	return fault.Wrap(fault.Denied, code, "the server that gives out tokens refused this account", err)
}
