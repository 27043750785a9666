package all_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/all"
	"github.com/afterchat/afterchat/internal/config"
)

func TestAMailAccountSignsInInOneWay(t *testing.T) {
	t.Parallel()
	const (
		password = ", password: s3cr3t-password"
		token    = ", token: s3cr3t-token"
		oauth2   = ", oauth2: {token_url: 'https://login.example/token', client_id: c, refresh_token: s3cr3t-refresh}"
		user     = ", username: shop"
	)
	const either = "cannot be given together with "
	for name, test := range map[string]struct {
		settings string
		refused  string // "" if it is taken
	}{
		"nobody signs in":                {"", ""},
		"by a password":                  {user + password, ""},
		"by a token":                     {user + token, ""},
		"by tokens that are fetched":     {user + oauth2, ""},
		"by a password and a token":      {user + password + token, "token: " + either},
		"by a password and fetched":      {user + password + oauth2, "oauth2: " + either},
		"by a token and fetched":         {user + token + oauth2, "token: " + either},
		"in all ways":                    {user + password + token + oauth2, "token: " + either},
		"by a password and its file":     {user + password + ", password_file: f", "password_file: give the key itself or its _file"},
		"by a password of nobody":        {password, "username: is required"},
		"by a token of nobody":           {token, "username: is required"},
		"by fetched tokens of nobody":    {oauth2, "username: is required"},
		"by tokens from nowhere":         {user + ", oauth2: {client_id: c, refresh_token: r}", "token_url: is required"},
		"by tokens without a credential": {user + ", oauth2: {token_url: 'https://login.example/token', client_id: c}", "client_secret: is required"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "afterchat.yaml")
			text := "database: host=x\nredis: redis://localhost:6379/0\norganizations:\n  a:\n    name: A\n    api_keys: [k]\n" +
				"    mail: {from: a@b.example, smtp: {address: 'localhost:587'" + test.settings + "}}\n"
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := config.Load(path, all.Kinds(), config.Options{Env: func(string) (string, bool) { return "", false }})
			switch {
			case test.refused == "" && err != nil:
				t.Errorf("it is refused: %v", err)
			case test.refused != "" && (err == nil || !strings.Contains(err.Error(), test.refused)):
				t.Errorf("want %q in: %v", test.refused, err)
			case err != nil && strings.Contains(err.Error(), "s3cr3t"):
				t.Errorf("the problem tells a secret: %v", err)
			}
		})
	}
}

func TestADeskWithoutAnAddressIsRefusedWhereItStands(t *testing.T) {
	t.Parallel()
	for name, desk := range map[string]string{
		"zendesk": "{type: zendesk, email: bot@acme.example, token: t}",
		"rt":      "{type: rt, user: bot, password: p, queue: General}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "afterchat.yaml")
			text := "database: host=x\nredis: redis://localhost:6379/0\norganizations:\n  a:\n    name: A\n    api_keys: [k]\n    desks:\n      d: " + desk + "\n"
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := config.Load(path, all.Kinds(), config.Options{})
			if err == nil || !strings.Contains(err.Error(), "afterchat.yaml:8:") || !strings.Contains(err.Error(), "base_url: is required") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestADeskLooksAtWhereItHasAnswersGo(t *testing.T) {
	t.Parallel()
	desks := 0
	for _, kind := range all.Kinds() {
		settings := kind.Settings()
		if _, ok := settings.(connectors.Answering); !ok {
			continue
		}
		desks++
		if err := yaml.Unmarshal([]byte("{base_url: 'https://desk.example', reply_to: '{ticket}', subject_tag: '[acme]'}"), settings); err != nil {
			t.Fatal(err)
		}
		examiner, ok := settings.(connectors.Examiner)
		if !ok {
			t.Errorf("%s does not look at its settings", kind.Type)
			continue
		}
		var refused []string
		for _, f := range examiner.Examine() {
			refused = append(refused, f.Field)
		}
		if diff := cmp.Diff([]string{"reply_to", "subject_tag"}, refused); diff != "" {
			t.Errorf("%s refuses (-want +got):\n%s", kind.Type, diff)
		}
	}
	if desks < 2 {
		t.Errorf("%d kinds of desks take answers by mail", desks)
	}
}
