package demo

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/afterchat/afterchat/internal/standin"
)

// resumedPath is where a redeemed link leads: in life it is the chat core's page.
const resumedPath = "/resumed"

// claim is one claim of a grant, ready to read.
type claim struct{ Name, Value, Meaning string }

// resumed does what a chat core does with a grant: it checks it, and lets the user in.
func (p *page) resumed(w http.ResponseWriter, r *http.Request) {
	claims, err := readGrant(r.URL.Query().Get("grant"), p.stage.stack.url)
	status := http.StatusOK
	if err != nil {
		status = http.StatusForbidden
	}
	t, parseErr := template.ParseFS(pageFiles, "page/resumed.html")
	if parseErr != nil {
		http.Error(w, "the page cannot be read", http.StatusInternalServerError)
		return
	}
	var b bytes.Buffer
	if err := t.Execute(&b, struct {
		Good   bool
		Claims []claim
	}{err == nil, claims}); err != nil {
		http.Error(w, "the page cannot be written", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Referrer-Policy", "no-referrer") // the grant stands in this page's address
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // whoever asked may have gone
}

// readGrant verifies a grant as the contract says, and returns its claims.
func readGrant(grant, audience string) ([]claim, error) {
	var c jwt.MapClaims
	_, err := jwt.ParseWithClaims(grant, &c, func(*jwt.Token) (any, error) { return []byte(standin.LinkSecret), nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithAudience(audience), jwt.WithIssuer(standin.Organization), jwt.WithExpirationRequired())
	if err != nil {
		return nil, fmt.Errorf("verifying the grant: %w", err)
	}
	meanings := []claim{
		{"iss", "", "organization"}, {"sub", "", "conversation"}, {"purpose", "", "what the link was for"}, {"link", "", "link"},
		{"agent", "", "assigned to"}, {"group", "", "assigned to"}, {"aud", "", "good at"},
		{"iat", "", "made"}, {"exp", "", "good until"}, {"jti", "", "id, to be taken once"},
	}
	for i := range meanings {
		m := &meanings[i]
		switch value := c[m.Name].(type) {
		case nil:
		case float64:
			m.Value = time.Unix(int64(value), 0).Format(time.TimeOnly)
		case []any:
			m.Value = fmt.Sprint(value...)
		default:
			m.Value = fmt.Sprint(value)
		}
	}
	return slices.DeleteFunc(meanings, func(m claim) bool { return m.Value == "" }), nil
}
