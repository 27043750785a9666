package templates

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	htmltemplate "html/template"
	"io"
	"regexp"
	"strings"
)

// LinkPage is the page behind a link. State is open, expired, revoked or unknown; any
// other word counts as unknown. Action is where the button of an open link POSTs to.
// Target is where a new chat starts; for an open link it is where the POST's redirect
// leads, which LinkPagePolicy has to allow.
type LinkPage struct {
	Brand  Brand
	Locale string
	State  string
	Action string
	Target string
}

// linkPage is what the template gets.
type linkPage struct {
	Brand       Brand
	T           *words
	Style       htmltemplate.CSS
	Open        bool
	Title, Lead string
	Action      string
	Target      string
}

// lacks refuses an open link's page on which nobody can go on.
func (p linkPage) lacks(_, rendered string) error {
	if p.Open && !posts.MatchString(rendered) {
		return errors.New(`has no form with method="post", by which an open link leads on`)
	}
	return nil
}

// posts finds a form that POSTs.
var posts = regexp.MustCompile(`(?i)<form\b[^>]*\bmethod\s*=\s*["']?post\b`)

// LinkPage writes the page. It has one button that POSTs, because mail scanners follow
// links and a GET must change nothing; it has no script. Serve it with LinkPagePolicy.
func (r *Renderer) LinkPage(w io.Writer, p LinkPage) error {
	t := r.words(p.Locale)
	page := linkPage{Brand: p.Brand, T: t, Style: r.pageStyle(p.Brand), Action: p.Action, Target: webURL(p.Target)}
	switch p.State {
	case "open":
		page.Open, page.Title, page.Lead = true, t.Page.Open, t.Page.OpenLead
	case "expired":
		page.Title, page.Lead = t.Page.Expired, t.Page.ExpiredLead
	case "revoked":
		page.Title, page.Lead = t.Page.Revoked, t.Page.RevokedLead
	default:
		page.Title, page.Lead = t.Page.Unknown, t.Page.UnknownLead
	}
	return r.writePage(w, "pages/link.html", page)
}

// LinkPagePolicy returns the Content-Security-Policy header of the page. It names the
// target's origin because browsers hold redirects after a form to form-action too
// (CSP Level 3, "form-action").
func (r *Renderer) LinkPagePolicy(p LinkPage) string {
	form := "'self'"
	if o := origin(p.Target); o != "" {
		form += " " + o
	}
	return r.policy(p.Brand) + "; form-action " + form + "; frame-ancestors 'none'"
}

// policy allows the page's own style, by its hash, and the logo; nothing else.
func (r *Renderer) policy(b Brand) string {
	sum := sha256.Sum256([]byte(r.pageStyle(b)))
	policy := "default-src 'none'; base-uri 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	if o := origin(b.LogoURL); o != "" {
		policy += "; img-src " + o
	}
	return policy
}

// pageStyle returns the pages' style in the brand's colours, which Accent and Ink have
// checked.
func (r *Renderer) pageStyle(b Brand) htmltemplate.CSS {
	style := strings.NewReplacer("var(--accent)", b.Accent(), "var(--ink)", b.Ink()).Replace(r.style)
	return htmltemplate.CSS(style) //nolint:gosec // an embedded file and two checked colours
}
