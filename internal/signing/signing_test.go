package signing_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/signing"
)

const (
	oldSecret = connectors.Secret("an old secret key of 32 bytes or more")
	newSecret = connectors.Secret("a new secret key of 32 bytes or more!")
)

func keys(t *testing.T, secrets ...connectors.Secret) *signing.Keys {
	t.Helper()
	k, err := signing.New(secrets)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestALinkOutlivesTheRotationOfItsKey(t *testing.T) {
	t.Parallel()
	token := keys(t, oldSecret).LinkToken("l1", 1)
	if !regexp.MustCompile(`^[0-9a-zA-Z]{43}$`).MatchString(token) {
		t.Errorf("%q is not 43 digits of base62", token)
	}
	rotated := keys(t, newSecret, oldSecret)
	if got := rotated.LinkToken("l1", 1); got == token {
		t.Error("a new link was made with the old key")
	}
	if got, err := rotated.LinkTokenFor("l1", 1, signing.LinkHash(token)); err != nil || got != token {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := keys(t, newSecret).LinkTokenFor("l1", 1, signing.LinkHash(token)); !fault.Is(err, fault.NotFound) {
		t.Errorf("without the old key: %v", err)
	}
}

// Links, panes and bounces that are out in the world have to work with the next version:
// whatever changes one of these makes all of its kind void.
func TestTokensStayWhatTheyWere(t *testing.T) {
	t.Parallel()
	k := keys(t, newSecret)
	pane := k.SignPane(signing.Pane{Organization: "acme", Conversation: "c", Agent: "a", Can: []string{"note"}, ExpiresAt: time.Unix(1_800_000_000, 0)})
	key := chat.NewKey("acme", "c", 1, chat.EmailTranscript, "user")
	for what, got := range map[string][2]string{
		"link":   {k.LinkToken("l1", 1), "GuomwIxdFpg0miV5kjzjkiiHM8slxxBLAI1l5rHQ8lP"},
		"pane":   {pane, "eyJvIjoiYWNtZSIsImMiOiJjIiwiYSI6ImEiLCJuIjpbIm5vdGUiXSwieCI6MTgwMDAwMDAwMH0.qSitrilOJdKR3GtdY1lmnbttq0AUS3C_3WpCP0U52pE"},
		"bounce": {k.BounceMark("acme", key).Tag, "2hxvxiopsupo"},
		"key":    {key.String(), "0c8f7874204f81c2db9f1e4f53645ded"},
	} {
		if got[0] != got[1] {
			t.Errorf("the %s is %s", what, got[0])
		}
	}
}

func TestNoTwoLinksShareAToken(t *testing.T) {
	t.Parallel()
	k := keys(t, newSecret)
	seen := map[string]bool{}
	for _, id := range []string{"l", "l1", "l11"} {
		for generation := range 20 {
			token := k.LinkToken(id, generation)
			if seen[token] {
				t.Fatalf("%s, %d has another's token", id, generation)
			}
			seen[token] = true
		}
	}
}

func TestASecretNeedsThirtyTwoBytes(t *testing.T) {
	t.Parallel()
	_, err := signing.New([]connectors.Secret{newSecret, "short"})
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "http.secret_keys[1]") || strings.Contains(err.Error(), "short key") {
		t.Errorf("got %v", err)
	}
}

func TestWithoutAKeyNothingIsSignedAndNothingVerifies(t *testing.T) {
	t.Parallel()
	k := keys(t)
	if !k.Empty() || k.LinkToken("l", 1) != "" || k.SignPane(signing.Pane{}) != "" {
		t.Error("something was signed with no key")
	}
	if _, err := k.VerifyPane(".", time.Now()); !fault.Is(err, fault.Denied) {
		t.Errorf("got %v", err)
	}
	// A link may wait to be sent while its organization's links, and all keys, are taken away.
	var none *signing.Keys
	for _, k := range []*signing.Keys{k, none} {
		if _, err := k.LinkTokenFor("l", 1, signing.LinkHash("t")); !fault.Is(err, fault.NotFound) || !k.Empty() {
			t.Errorf("got %v", err)
		}
	}
}

func TestAPaneComesBackAsItWasSigned(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	want := signing.Pane{Organization: "acme", Conversation: "c/1 ü", Agent: "a_1", Can: []string{"note", "link"}, ExpiresAt: now.Add(time.Hour)}
	token := keys(t, oldSecret).SignPane(want)
	if url.PathEscape(token) != token {
		t.Errorf("%q does not stand in a URL as it is", token)
	}
	k := keys(t, newSecret, oldSecret)
	got, err := k.VerifyPane(token, now)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := k.VerifyPane(token, want.ExpiresAt); !fault.Is(err, fault.Denied) || fault.CodeOf(err) != "expired" {
		t.Errorf("at its end: %v", err)
	}
}

func TestAPaneThatWasTamperedWithIsDenied(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	k := keys(t, newSecret)
	token := k.SignPane(signing.Pane{Organization: "acme", Conversation: "c1", Agent: "a", ExpiresAt: now.Add(time.Hour)})
	claims, signature, _ := strings.Cut(token, ".")
	forged := base64.RawURLEncoding.EncodeToString([]byte(`{"o":"other","c":"c1","a":"a","x":1800003600}`))
	direct := hmac.New(sha256.New, []byte(newSecret.Reveal()))
	direct.Write([]byte(forged))
	for name, bad := range map[string]string{
		"nothing":                      "",
		"no signature":                 claims,
		"an empty signature":           claims + ".",
		"other claims":                 forged + "." + signature,
		"a cut signature":              claims + "." + signature[:len(signature)-2],
		"more after the signature":     token + ".x",
		"another spelling of its last": claims + "." + signature[:len(signature)-1] + string(signature[len(signature)-1]+1),
		"a link's token":               k.LinkToken("l", 1),
		"signed with the secret alone": forged + "." + base64.RawURLEncoding.EncodeToString(direct.Sum(nil)),
		"another operator's":           keys(t, oldSecret).SignPane(signing.Pane{ExpiresAt: now.Add(time.Hour)}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := k.VerifyPane(bad, now); fault.CodeOf(err) != "bad_signature" {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAGrantSaysWhatTheContractSays(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 500)
	secret := connectors.Secret("the secret of the links, 32 bytes long")
	claims := signing.GrantClaims{
		Organization: "acme", Conversation: "c_1", Link: "l_1", Purpose: "resume", Agent: "a_1", Target: "HTTPS://Acme.example:443/chat?x=1",
	}
	token, err := signing.Grant(claims, secret, now)
	if err != nil {
		t.Fatal(err)
	}
	parse := func(token string) jwt.MapClaims {
		var got jwt.MapClaims
		_, err := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithTimeFunc(func() time.Time { return now })).
			ParseWithClaims(token, &got, func(*jwt.Token) (any, error) { return []byte(secret.Reveal()), nil })
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	got := parse(token)
	jti := got["jti"]
	delete(got, "jti")
	want := jwt.MapClaims{
		"iss": "acme", "sub": "c_1", "aud": "https://acme.example", "link": "l_1", "purpose": "resume", "agent": "a_1",
		"iat": float64(1_800_000_000), "exp": float64(1_800_000_300),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	second, err := signing.Grant(claims, secret, now)
	if err != nil || parse(second)["jti"] == jti || jti == "" {
		t.Errorf("two grants share the id %v (%v)", jti, err)
	}
}

func TestAGrantNeedsATargetAndASecret(t *testing.T) {
	t.Parallel()
	long := connectors.Secret(bytes.Repeat([]byte("k"), 32))
	for name, c := range map[string]struct {
		target string
		secret connectors.Secret
	}{
		"no target":       {"", long},
		"a relative path": {"/chat", long},
		"a short secret":  {"https://acme.example", "short"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := signing.Grant(signing.GrantClaims{Target: c.target}, c.secret, time.Now()); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func FuzzVerifyPane(f *testing.F) {
	k, err := signing.New([]connectors.Secret{newSecret})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("e30.AA")
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := k.VerifyPane(token, time.Unix(0, 0)); err == nil {
			t.Fatalf("%q verified", token)
		}
	})
}

func TestATagIsGoodForOneMailOfOneOrganization(t *testing.T) {
	t.Parallel()
	key := chat.NewKey("acme", "c_1", 1, chat.EmailTranscript, "user")
	old := keys(t, oldSecret)
	mark := old.BounceMark("acme", key)
	if !regexp.MustCompile(`^[a-z2-7]{12}$`).MatchString(mark.Tag) {
		t.Errorf("the tag %q is not 12 letters and digits of base32", mark.Tag)
	}
	rotated := keys(t, newSecret, oldSecret)
	if !old.SignedBounce("acme", mark) || !rotated.SignedBounce("acme", mark) {
		t.Error("the tag is not known, or not after a rotation")
	}
	if rotated.BounceMark("acme", key) == mark {
		t.Error("a new tag was made with the old key")
	}
	if keys(t, newSecret).SignedBounce("acme", mark) {
		t.Error("the tag outlived its key")
	}
	if old.SignedBounce("bolt", mark) {
		t.Error("another organization's tag is good here")
	}
	for name, m := range map[string]connectors.BounceMark{
		"another mail's tag": {Key: chat.NewKey("acme", "c_2", 1, chat.EmailTranscript, "user"), Tag: mark.Tag},
		"no tag":             {Key: key},
		"half a tag":         {Key: key, Tag: mark.Tag[:6]},
	} {
		if old.SignedBounce("acme", m) {
			t.Errorf("%s is good", name)
		}
	}
	var none *signing.Keys
	if m := none.BounceMark("acme", key); m.Tag != "" || m.Key != key || none.SignedBounce("acme", m) || keys(t).SignedBounce("acme", m) {
		t.Error("without a key there is a tag")
	}
}
