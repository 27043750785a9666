package smtp_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/smtp"
	"github.com/afterchat/afterchat/connectors/smtp/smtptest"
	"github.com/afterchat/afterchat/internal/fault"
)

func TestATokenSignsIn(t *testing.T) {
	t.Parallel()
	server := serve(t, smtptest.Options{Username: "shop@acme.example", Token: "token-7a1c"})
	sends := func(token connectors.Secret) error {
		_, err := connect(t, server, func(s *smtp.Settings) { s.Username, s.Token = "shop@acme.example", token }).Send(t.Context(), outgoing(t))
		return err
	}
	if err := sends("token-7a1c"); err != nil {
		t.Error(err)
	}
	before := server.Sessions()
	err := sends("wrong-5c2e")
	if !fault.Is(err, fault.Denied) || fault.CodeOf(err) != "5.7.8" || strings.Contains(err.Error(), "wrong-5c2e") {
		t.Errorf("with a wrong token: %v", err)
	}
	if tries := server.Sessions() - before; tries != 1 {
		t.Errorf("a token that there is no other for was tried %d times", tries)
	}
	none := serve(t, smtptest.Options{Username: "shop", Password: "right"})
	err = connect(t, none, func(s *smtp.Settings) { s.Username, s.Token = "shop", "token-7a1c" }).Probe(t.Context())
	if !fault.Is(err, fault.Denied) || fault.CodeOf(err) != "auth_unsupported" {
		t.Errorf("a server that takes no tokens: %v", err)
	}
}

func TestTokensAreFetchedWhenOneIsNeeded(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		refresh string
		expires int
		want    []string
	}{
		"a client for itself":            {"", 3600, []string{"client_credentials"}},
		"for a mailbox's owner":          {"refresh-0", 3600, []string{"refresh_token refresh-0"}},
		"a token near its end":           {"", 30, []string{"client_credentials", "client_credentials"}},
		"a refresh token used up by use": {"refresh-0", 30, []string{"refresh_token refresh-0", "refresh_token refresh-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, smtptest.Options{Username: "shop", Token: "none yet"})
			provider := provide(t, server, test.expires)
			client := connect(t, server, provider.account(connectors.Secret(test.refresh)))
			for range 2 {
				if _, err := client.Send(t.Context(), outgoing(t)); err != nil {
					t.Fatal(err)
				}
				server.HangUp() // so that the next mail has to sign in
			}
			if diff := cmp.Diff(test.want, provider.asked()); diff != "" {
				t.Errorf("what the provider was asked (-want +got):\n%s", diff)
			}
		})
	}
}

func TestARefusedTokenIsReplacedOnce(t *testing.T) {
	t.Parallel()
	server := serve(t, smtptest.Options{Username: "shop", Token: "none yet"})
	provider := provide(t, server, 3600)
	client := connect(t, server, provider.account(""))
	if err := client.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.SetToken("taken back")
	if _, err := client.Send(t.Context(), outgoing(t)); err != nil {
		t.Errorf("after the token was taken back: %v", err)
	}
	if got := len(provider.asked()); got != 2 {
		t.Errorf("%d tokens were fetched, want 2", got)
	}
	provider.withholds = true // what it gives out is not what the server takes
	server.SetToken("taken back again")
	before := server.Sessions()
	err := client.Probe(t.Context())
	if !fault.Is(err, fault.Denied) || fault.CodeOf(err) != "5.7.8" {
		t.Errorf("a fresh token that is refused, too: %v", err)
	}
	if tries := server.Sessions() - before; tries != 2 {
		t.Errorf("%d sign-ins, want 2", tries)
	}
}

func TestATokenIsNotReplacedBecauseTheServerIsBusy(t *testing.T) {
	t.Parallel()
	provider := provide(t, serve(t, smtptest.Options{Username: "shop", Token: "none yet"}), 3600)
	busy := script(t, map[string]string{"EHLO": "250-scripted\r\n250 AUTH XOAUTH2", "AUTH": "454 4.7.0 later"})
	if err := busy.client(t, provider.account("")).Probe(t.Context()); !fault.Is(err, fault.Transient) {
		t.Error(err)
	}
	if got := len(provider.asked()); got != 1 {
		t.Errorf("%d tokens were fetched, want 1", got)
	}
}

func TestAProviderThatGivesNoTokenSaysWhetherItEverWill(t *testing.T) {
	t.Parallel()
	server := serve(t, smtptest.Options{Username: "shop", Token: "none yet"})
	for name, test := range map[string]struct {
		status int
		body   string
		kind   fault.Kind
		code   string
	}{
		"the secret is wrong":       {401, `{"error":"invalid_client","error_description":"s3cr3t for ann@example.com"}`, fault.Denied, "invalid_client"},
		"the owner took it back":    {400, `{"error":"invalid_grant"}`, fault.Denied, "invalid_grant"},
		"an error that is no word":  {400, `{"error":"ann@example.com s3cr3t"}`, fault.Denied, "oauth2_400"},
		"it asks for a pause":       {429, `{}`, fault.Transient, "oauth2_429"},
		"it fails":                  {500, `{}`, fault.Transient, "oauth2_500"},
		"it is down":                {503, `busy`, fault.Transient, "oauth2_503"},
		"it answers with something": {200, `{"hello":"s3cr3t"}`, fault.Transient, "oauth2_no_answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
			}))
			t.Cleanup(provider.Close)
			_, err := connect(t, server, func(s *smtp.Settings) {
				s.Username, s.OAuth2 = "shop", &smtp.OAuth2{TokenURL: provider.URL, ClientID: "afterchat", ClientSecret: "s3cr3t"}
			}).Send(t.Context(), outgoing(t))
			if !fault.Is(err, test.kind) || fault.CodeOf(err) != test.code {
				t.Errorf("%v, want %v with code %s", err, test.kind, test.code)
			}
			if strings.Contains(fmt.Sprint(err), "s3cr3t") || strings.Contains(fmt.Sprint(err), "ann@") {
				t.Errorf("the error says too much: %v", err)
			}
		})
	}
}

func TestManySessionsShareOneToken(t *testing.T) {
	t.Parallel()
	server := serve(t, smtptest.Options{Username: "shop", Token: "none yet"})
	provider := provide(t, server, 3600)
	client := connect(t, server, provider.account(""))
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if err := client.Probe(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := len(provider.asked()); got != 1 {
		t.Errorf("%d tokens were fetched, want 1", got)
	}
}

// provider gives out tokens that a mail server then takes, the latest alone.
type provider struct {
	url       string
	mu        sync.Mutex
	grants    []string
	withholds bool // the mail server hears of no new ones
}

func provide(t *testing.T, server *smtptest.Server, expires int) *provider {
	t.Helper()
	p := &provider{}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		grant := strings.TrimSpace(r.PostFormValue("grant_type") + " " + r.PostFormValue("refresh_token"))
		if id != "afterchat" || secret != "s3cr3t" || r.PostFormValue("scope") == "" && r.PostFormValue("refresh_token") == "" {
			http.Error(w, `{"error":"invalid_client"}`, http.StatusUnauthorized)
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.grants = append(p.grants, grant)
		token := fmt.Sprintf("token-%d", len(p.grants))
		if !p.withholds {
			server.SetToken(token)
		}
		answer := map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": expires}
		if r.PostFormValue("refresh_token") != "" {
			answer["refresh_token"] = fmt.Sprintf("refresh-%d", len(p.grants))
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(front.Close)
	p.url = front.URL
	return p
}

func (p *provider) account(refresh connectors.Secret) func(*smtp.Settings) {
	return func(s *smtp.Settings) {
		s.Username = "shop"
		s.OAuth2 = &smtp.OAuth2{TokenURL: p.url, ClientID: "afterchat", ClientSecret: "s3cr3t", RefreshToken: refresh, Scope: "mail.send"}
	}
}

func (p *provider) asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.grants...)
}
