package httpapi

import (
	"io"
	"net/http"
	"strings"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
)

func (a *api) routeWebhooks() {
	a.page(operation{
		id: "twilio-status", method: http.MethodPost, path: "/webhooks/twilio/{organization}/status", tag: "Webhooks",
		summary: "Delivery receipts from Twilio",
		doc:     "The query names the delivery. Signed with the organization's auth token (X-Twilio-Signature).",
	}, "", a.twilio(a.twilioStatus))
	a.page(operation{
		id: "twilio-inbound", method: http.MethodPost, path: "/webhooks/twilio/{organization}/inbound", tag: "Webhooks",
		summary: "STOP and START from users' phones",
		doc:     "Signed with the organization's auth token (X-Twilio-Signature).",
	}, "", a.twilio(a.twilioInbound))
}

// webhookBody bounds a webhook's form, in bytes.
const webhookBody = 64 << 10

// emptyTwiML tells Twilio to do nothing more.
const emptyTwiML = `<?xml version="1.0" encoding="UTF-8"?><Response></Response>`

// twilio lets requests through that Twilio signed with the organization's token. The
// signature covers the URL that Twilio was given, which is the public one.
// https://www.twilio.com/docs/usage/security#validating-requests
// A stranger does not learn which organizations there are.
func (a *api) twilio(handle func(o *config.Organization, r *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		o := a.Organizations[r.PathValue("organization")]
		r.Body = http.MaxBytesReader(w, r.Body, webhookBody)
		if err := r.ParseForm(); err != nil {
			a.refuse(w, r, fault.Wrap(fault.Invalid, "malformed_form", "the body is no form", err))
			return
		}
		if o == nil || !a.VerifyTwilio(o, a.publicURLOf(r), r.PostForm, r.Header.Get("X-Twilio-Signature")) {
			a.refuse(w, r, fault.New(fault.Denied, "bad_signature", "the signature is not that of this organization's account"))
			return
		}
		logOrganization(w, o.ID)
		if err := handle(o, r); err != nil {
			a.refuse(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		_, _ = io.WriteString(w, emptyTwiML) // Twilio may have gone
	}
}

// publicURLOf is the request's URL as the world sees it.
func (a *api) publicURLOf(r *http.Request) string {
	u := a.PublicURL + r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		u += "?" + r.URL.RawQuery
	}
	return u
}

// twilioStatus notes a receipt: "sent", "delivered", "undelivered 30003" …
func (a *api) twilioStatus(o *config.Organization, r *http.Request) error {
	key, err := parseDelivery(r.URL.Query().Get("delivery"))
	if err != nil {
		return err
	}
	receipt := word(r.PostForm.Get("MessageStatus"))
	if receipt == "" {
		return invalid("MessageStatus", "is missing")
	}
	if code := word(r.PostForm.Get("ErrorCode")); code != "" && code != "0" {
		receipt += " " + code
	}
	return a.Store.SetReceipt(r.Context(), o.ID, key, receipt, func(old, latest string) bool {
		return a.Newer(firstWord(old), firstWord(latest))
	})
}

// twilioInbound takes the words that every phone can say.
// https://help.twilio.com/articles/223134027 lists them.
func (a *api) twilioInbound(o *config.Organization, r *http.Request) error {
	said := strings.ToUpper(strings.TrimSpace(r.PostForm.Get("Body")))
	var apply func(number string) error
	switch said {
	case "STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT":
		apply = func(number string) error {
			return a.Store.Suppress(r.Context(), o.ID, chat.ChannelSMS, number, "stop")
		}
	case "START", "UNSTOP", "YES":
		apply = func(number string) error {
			return a.Store.Unsuppress(r.Context(), o.ID, chat.ChannelSMS, number, "stop")
		}
	default:
		return nil
	}
	number, err := a.Number(o, r.PostForm.Get("From"))
	if err != nil {
		return invalid("From", "is no phone number")
	}
	return apply(number)
}

// word returns a text that is one short word, as machines' names for things are, and ""
// for any other: that does not get into the database.
func word(s string) string {
	odd := func(r rune) bool {
		return r != '_' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}
	if len(s) > 64 || strings.ContainsFunc(s, odd) {
		return ""
	}
	return s
}

func firstWord(s string) string {
	first, _, _ := strings.Cut(s, " ")
	return first
}
