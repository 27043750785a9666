package httpapi

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/signing"
	"github.com/afterchat/afterchat/templates"
)

func (a *api) routeRedeem() {
	a.page(operation{
		id: "show-link", method: http.MethodGet, path: "/r/{token}", tag: "Links",
		summary: "The user's page behind a link", pages: []int{http.StatusNotFound, http.StatusGone},
		doc: "Changes nothing, because mail scanners follow links. 410 when the link has expired or was revoked.",
	}, "", a.showLink)
	a.page(operation{
		id: "redeem-link", method: http.MethodPost, path: "/r/{token}", tag: "Links",
		summary: "Redeem a link", status: http.StatusSeeOther, pages: []int{http.StatusNotFound, http.StatusGone},
		doc: "Redirects (303) to the organization's links.target with a grant: a JWT (HS256) that is good for five minutes.",
	}, "", a.redeemLink)
}

func (a *api) showLink(w http.ResponseWriter, r *http.Request) {
	l, o, err := a.linkOf(w, r)
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	a.writeLink(w, r, l, o)
}

func (a *api) redeemLink(w http.ResponseWriter, r *http.Request) {
	l, o, err := a.linkOf(w, r)
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	if o == nil || l.State != chat.LinkOpen {
		a.writeLink(w, r, l, o)
		return
	}
	target, err := grantedTarget(l, o)
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	good, err := a.Store.RedeemLink(r.Context(), l.ID)
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	if !good { // it ended between the two looks
		l.State = chat.LinkExpired
		a.writeLink(w, r, l, o)
		return
	}
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusSeeOther)
}

// linkOf returns the link of the request's token and its organization; none of both when
// the token is unknown, or the organization has no links any more.
func (a *api) linkOf(w http.ResponseWriter, r *http.Request) (chat.Link, *config.Organization, error) {
	l, err := a.Store.LinkByToken(r.Context(), signing.LinkHash(r.PathValue("token")))
	if fault.Is(err, fault.NotFound) {
		return chat.Link{}, nil, nil
	}
	if err != nil {
		return chat.Link{}, nil, err
	}
	logOrganization(w, l.Organization)
	o := a.Organizations[l.Organization]
	if o == nil || o.Links == nil {
		return chat.Link{}, nil, nil
	}
	return l, o, nil
}

func grantedTarget(l chat.Link, o *config.Organization) (string, error) {
	grant, err := signing.Grant(signing.GrantClaims{
		Organization: o.ID, Conversation: l.Conversation, Link: l.ID, Purpose: l.Purpose, Agent: l.Agent, Group: l.Group, Target: o.Links.Target,
	}, o.Links.Secret, time.Now())
	if err != nil {
		return "", err
	}
	target, err := url.Parse(o.Links.Target)
	if err != nil {
		return "", fmt.Errorf("reading links.target: %w", err)
	}
	query := target.Query()
	query.Set("grant", grant)
	target.RawQuery = query.Encode()
	return target.String(), nil
}

// writeLink writes the page, whatever the link's state; o is nil for an unknown link.
func (a *api) writeLink(w http.ResponseWriter, r *http.Request, l chat.Link, o *config.Organization) {
	p := templates.LinkPage{State: "unknown"}
	status := http.StatusNotFound
	renderer := a.Renderer
	if o != nil {
		renderer = renderer.For(o.ID)
		locales, err := a.Store.Locales(r.Context(), o.ID, l.Conversation)
		if err != nil {
			a.refuse(w, r, err)
			return
		}
		p = templates.LinkPage{
			Brand: brandOf(o), Locale: templates.FirstSpoken(append(locales, o.Locale)...), State: string(l.State), Target: o.Links.Target,
			// The action is relative, so that the page works behind whatever proxy it is seen through.
			Action: url.PathEscape(r.PathValue("token")),
		}
		if status = http.StatusGone; l.State == chat.LinkOpen {
			status = http.StatusOK
		}
	}
	a.writePage(w, r, status, renderer.LinkPagePolicy(p), func(w io.Writer) error { return renderer.LinkPage(w, p) })
}

func brandOf(o *config.Organization) templates.Brand {
	return templates.Brand{Organization: o.Name, LogoURL: o.Brand.LogoURL, Color: o.Brand.Color, Website: o.Brand.Website}
}

// writePage writes a page that nobody may keep, find or learn the address of.
func (a *api) writePage(w http.ResponseWriter, r *http.Request, status int, policy string, render func(io.Writer) error) {
	var page bytes.Buffer
	if err := render(&page); err != nil {
		a.refuse(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // whoever asked may have gone
}
