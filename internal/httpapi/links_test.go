package httpapi_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/intake"
	"github.com/afterchat/afterchat/internal/signing"
)

type madeLink struct {
	ID, URL   string
	ExpiresAt string `json:"expires_at"`
	Delivery  *string
}

// link makes a link and returns it with the path of its page.
func (d *door) link(body object) (madeLink, string) {
	d.t.Helper()
	var made madeLink
	d.do("POST", "/v1/links", body).is(201, &made)
	path, ok := strings.CutPrefix(made.URL, publicURL)
	if !ok || !strings.HasPrefix(path, "/r/") {
		d.t.Fatalf("the link is %q", made.URL)
	}
	return made, path
}

func TestALinkIsRedeemedByItsButtonAlone(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	made, path := d.link(object{"purpose": "resume", "conversation": "c", "assign_to": object{"agent": "a_1"}, "send": object{"channel": "sms", "to": "0701234567"}})
	if made.Delivery == nil || len(*made.Delivery) != 32 {
		t.Errorf("made %+v", made)
	}
	clicks := func() float64 {
		var l object
		d.do("GET", "/v1/links/"+made.ID, nil).is(200, &l)
		if l["expires_at"] != made.ExpiresAt {
			t.Errorf("it expires at %v, and was said to at %v", l["expires_at"], made.ExpiresAt)
		}
		return l["clicks"].(float64)
	}
	for _, method := range []string{"GET", "HEAD", "GET"} {
		r := d.do(method, path, nil, "Authorization", "").is(200, nil)
		for header, want := range map[string]string{
			"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex", "Content-Type": "text/html",
			"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff",
		} {
			if got := r.header.Get(header); !strings.Contains(got, want) {
				t.Errorf("%s: %s is %q", method, header, got)
			}
		}
		if csp := r.header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https://acme.example") {
			t.Errorf("the button's redirect is not allowed: %s", csp)
		}
		if method == "GET" && (!strings.Contains(string(r.body), `action="`+strings.TrimPrefix(path, "/r/")+`"`) || !strings.Contains(string(r.body), "Acme Coffee")) {
			t.Errorf("the page is %s", r.body)
		}
	}
	if n := clicks(); n != 0 {
		t.Errorf("looking counted as %v clicks", n)
	}

	r := d.do("POST", path, nil, "Authorization", "").is(303, nil)
	target, err := url.Parse(r.header.Get("Location"))
	if err != nil || target.Host != "acme.example" || target.Path != "/chat" || target.Query().Get("shop") != "1" {
		t.Fatalf("redirected to %q (%v)", r.header.Get("Location"), err)
	}
	var claims jwt.MapClaims
	if _, err := jwt.ParseWithClaims(target.Query().Get("grant"), &claims, func(*jwt.Token) (any, error) { return []byte(linkSecret), nil }, jwt.WithValidMethods([]string{"HS256"})); err != nil {
		t.Fatal(err)
	}
	for _, moving := range []string{"jti", "iat", "exp"} {
		delete(claims, moving)
	}
	want := jwt.MapClaims{"iss": "acme", "sub": "c", "link": made.ID, "purpose": "resume", "agent": "a_1", "aud": "https://acme.example"}
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Error(diff)
	}
	if n := clicks(); n != 1 {
		t.Errorf("one click counted as %v", n)
	}
}

func TestALinkThatHasEndedOffersANewChat(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	revoked, revokedPath := d.link(object{"purpose": "invite", "conversation": "c", "send": object{"channel": "email", "to": "ann@example.com"}})
	var l object
	d.do("DELETE", "/v1/links/"+revoked.ID, nil).is(200, &l)
	d.do("DELETE", "/v1/links/"+revoked.ID, nil).is(200, &l)
	if l["state"] != "revoked" || l["revoked_at"] == nil || l["assign_to"] != nil {
		t.Errorf("revoked as %v", l)
	}
	var unsent struct{ State string }
	d.do("GET", "/v1/deliveries/"+*revoked.Delivery, nil).is(200, &unsent)
	if unsent.State != "cancelled" {
		t.Errorf("the sending of a revoked link is %s", unsent.State)
	}
	expired, expiredPath := d.link(object{"purpose": "resume", "conversation": "c", "expires_in": "2h"})
	d.exec(`update links set expires_at = now() - interval '1 second' where id = $1`, expired.ID)
	for _, path := range []string{revokedPath, expiredPath} {
		for _, method := range []string{"GET", "POST"} {
			r := d.do(method, path, nil, "Authorization", "").is(410, nil)
			if !strings.Contains(string(r.body), `href="https://acme.example/chat?shop=1"`) || r.header.Get("Location") != "" {
				t.Errorf("the page is %s", r.body)
			}
		}
	}
	d.do("GET", "/v1/links/"+expired.ID, nil).is(200, &l)
	if l["state"] != "expired" || l["clicks"] != 0.0 {
		t.Errorf("expired as %v", l)
	}
	for _, method := range []string{"GET", "POST"} {
		r := d.do(method, "/r/nothing", nil, "Authorization", "").is(404, nil)
		if r.header.Get("Content-Type") != "text/html; charset=utf-8" || strings.Contains(string(r.body), "acme") {
			t.Errorf("an unknown link shows %s", r.body)
		}
	}
}

func TestAnIdempotencyKeyMakesOneLink(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	body := object{"purpose": "resume", "conversation": "c"}
	var first, again, other madeLink
	d.do("POST", "/v1/links", body, "Idempotency-Key", "k1").is(201, &first)
	d.do("POST", "/v1/links", body, "Idempotency-Key", "k1").is(201, &again)
	if first != again {
		t.Errorf("%+v, then %+v", first, again)
	}
	d.do("POST", "/v1/links", body).is(201, &other)
	if other.ID == first.ID {
		t.Error("two requests without a key made one link")
	}
	d.do("POST", "/v1/links", object{"purpose": "invite", "conversation": "c"}, "Idempotency-Key", "k1").refused(409, "idempotency_key_reused", "")
}

// An answer is the same after a key was put in front of the one that made it.
func TestAnIdempotencyKeyOutlivesTheNewestSecretKey(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	body := object{"purpose": "resume", "conversation": "c"}
	var first, again madeLink
	d.do("POST", "/v1/links", body, "Idempotency-Key", "k1").is(201, &first)
	rotated, err := signing.New([]connectors.Secret{connectors.Secret(strings.Repeat("n", 32)), secretKey})
	if err != nil {
		t.Fatal(err)
	}
	d.deps.Intake.(*intake.Intake).Keys = rotated
	d.do("POST", "/v1/links", body, "Idempotency-Key", "k1").is(201, &again)
	if first != again {
		t.Errorf("%+v, then %+v", first, again)
	}
}

func TestThePageBehindALinkIsInItsUsersLanguage(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	_, path := d.link(object{"purpose": "resume", "conversation": "c", "send": object{"channel": "sms", "to": "0701234567"}})
	lang := func() string {
		t.Helper()
		page := string(d.do("GET", path, nil, "Authorization", "").is(200, nil).body)
		_, after, _ := strings.Cut(page, `<html lang="`)
		lang, _, _ := strings.Cut(after, ">")
		return lang
	}
	if got := lang(); got != `en" dir="ltr"` {
		t.Errorf("of nobody known: %s", got)
	}
	open := object{"id": "c", "started_at": "2026-11-20T09:00:00Z", "locale": "ar-EG", "user": object{"id": "u", "locale": "he"}, "messages": []any{}}
	d.do("PUT", "/v1/conversations/c", open).is(200, nil)
	if got := lang(); got != `ar" dir="rtl"` {
		t.Errorf("of a user whose own language there is not, in a chat whose there is: %s", got)
	}
}
