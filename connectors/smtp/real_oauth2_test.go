//go:build real

package smtp_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/smtp"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/testenv/mailserver"
)

func realTokens(t *testing.T, server *mailserver.Server) {
	client := func(change func(*smtp.Settings)) *smtp.Client {
		return to(t, server.AuthXOAuth2, func(s *smtp.Settings) {
			s.TLS, s.CAFile = smtp.TLSStart, server.CAFile
			change(s)
		})
	}
	t.Run("a token that lasts", func(t *testing.T) {
		t.Parallel()
		server.SetToken("lasting@acme.example", "token-7a1c")
		recipient := newRecipient(t)
		for token, works := range map[connectors.Secret]bool{"token-7a1c": true, "wrong-5c2e": false} {
			_, err := client(func(s *smtp.Settings) { s.Username, s.Token = "lasting@acme.example", token }).Send(t.Context(), mailTo(t, recipient))
			if works && err != nil {
				t.Error(err)
			}
			if !works && (!fault.Is(err, fault.Denied) || fault.CodeOf(err) != "5.7.8" || strings.Contains(err.Error(), "wrong-5c2e")) {
				t.Errorf("with a wrong token: %v", err)
			}
		}
		if n := len(server.Mails(t, recipient)); n != 1 {
			t.Errorf("%d mails arrived, want 1", n)
		}
	})
	t.Run("another user's token", func(t *testing.T) {
		t.Parallel()
		server.SetToken("another@acme.example", "token-93fe")
		err := client(func(s *smtp.Settings) { s.Username, s.Token = "shop@acme.example", "token-93fe" }).Probe(t.Context())
		if !fault.Is(err, fault.Denied) {
			t.Error(err)
		}
	})
	t.Run("a token that is revoked is replaced", func(t *testing.T) {
		t.Parallel()
		var given atomic.Int64
		provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			token := fmt.Sprintf("token-%d-41bd", given.Add(1))
			server.SetToken("fetching@acme.example", token)
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 3600})
		}))
		defer provider.Close()
		c := client(func(s *smtp.Settings) {
			s.Username = "fetching@acme.example"
			s.OAuth2 = &smtp.OAuth2{TokenURL: provider.URL, ClientID: "afterchat", ClientSecret: "secret-08ac"}
		})
		for _, want := range []int64{1, 1, 2} {
			if want == 2 {
				server.SetToken("fetching@acme.example", "revoked, and another not given yet")
			}
			if err := c.Probe(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := given.Load(); got != want {
				t.Errorf("%d tokens were fetched, want %d", got, want)
			}
		}
	})
}
