package httpapi_test

import (
	"crypto/hmac"
	"crypto/sha1" // what Twilio signs with
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/httpapi"
	"github.com/afterchat/afterchat/internal/signing"
)

func TestAPaneIsAPageForOneAgent(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.ended("c")
	var pane struct {
		URL       string
		ExpiresAt time.Time `json:"expires_at"`
	}
	d.do("POST", "/v1/conversations/c/pane", object{"agent": "a_1", "expires_in": "1d"}).is(201, nil)
	d.do("POST", "/v1/conversations/c/pane", object{"agent": "a_1", "expires_in": "1h"}).is(201, &pane)
	path, ok := strings.CutPrefix(pane.URL, publicURL)
	if !ok || time.Until(pane.ExpiresAt) > time.Hour || time.Until(pane.ExpiresAt) < 59*time.Minute {
		t.Fatalf("made %+v", pane)
	}
	r := d.do("GET", path, nil, "Authorization", "").is(200, nil)
	for _, want := range []string{"Ann Lee", "It smells of smoke", "Boiler replaced in May"} {
		if !strings.Contains(string(r.body), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for header, want := range map[string]string{
		"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex", "Refresh": "10",
		"Content-Security-Policy": "frame-ancestors *",
	} {
		if got := r.header.Get(header); !strings.Contains(got, want) {
			t.Errorf("%s is %q", header, got)
		}
	}
	old := d.deps.Keys.SignPane(signing.Pane{Organization: "acme", Conversation: "c", Agent: "a", ExpiresAt: time.Now().Add(-time.Second)})
	d.do("GET", "/pane/"+old, nil).refused(403, "expired", "")
	gone := d.deps.Keys.SignPane(signing.Pane{Organization: "closed", Conversation: "c", Agent: "a", ExpiresAt: time.Now().Add(time.Hour)})
	d.do("GET", "/pane/"+gone, nil).refused(404, "not_found", "")
}

// twilio sends a webhook as Twilio does: signed over the public URL and the form.
// https://www.twilio.com/docs/usage/security#validating-requests
func (d *door) twilio(path string, form url.Values) reply {
	signed := publicURL + path
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		signed += name + form.Get(name)
	}
	mac := hmac.New(sha1.New, []byte(smsToken))
	mac.Write([]byte(signed))
	return d.do("POST", path, form, "Authorization", "", "Content-Type", "application/x-www-form-urlencoded",
		"X-Twilio-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

func TestReceiptsOnlyMoveForward(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	made, _ := d.link(object{"purpose": "resume", "conversation": "c", "send": object{"channel": "sms", "to": "+46701234567"}})
	receipt := func() any {
		var got object
		d.do("GET", "/v1/deliveries/"+*made.Delivery, nil).is(200, &got)
		return got["receipt"]
	}
	path := "/webhooks/twilio/acme/status?delivery=" + *made.Delivery
	for _, step := range []struct{ status, code, want string }{
		{"sent", "", "sent"}, {"queued", "", "sent"}, {"undelivered", "30003", "undelivered 30003"}, {"sent", "", "undelivered 30003"},
	} {
		form := url.Values{"MessageStatus": {step.status}, "MessageSid": {"SM1"}}
		if step.code != "" {
			form.Set("ErrorCode", step.code)
		}
		r := d.twilio(path, form).is(200, nil)
		if !strings.Contains(string(r.body), "<Response></Response>") || !strings.HasPrefix(r.header.Get("Content-Type"), "text/xml") {
			t.Errorf("answered %s", r.body)
		}
		if got := receipt(); got != step.want {
			t.Errorf("after %s: %v, want %s", step.status, got, step.want)
		}
	}
	d.twilio(path, url.Values{"MessageStatus": {"<script>"}}).refused(422, "invalid_field", "MessageStatus")
	d.twilio("/webhooks/twilio/acme/status?delivery=0123", url.Values{"MessageStatus": {"sent"}}).refused(404, "not_found", "")
	d.twilio("/webhooks/twilio/acme/status", url.Values{"MessageStatus": {"sent"}}).refused(404, "not_found", "")
	d.twilio("/webhooks/twilio/bolt/status?delivery="+*made.Delivery, url.Values{"MessageStatus": {"read"}}).refused(403, "bad_signature", "")
}

func TestSTOPStopsAndSTARTStarts(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	const stopped = "acme sms +46701234567 stop"
	for _, step := range []struct{ said, want string }{
		{"hello", ""}, {" stop\n", stopped}, {"please stop it", stopped}, {"Start", ""}, {"STOPALL", stopped}, {"unstop", ""},
		{"Unsubscribe", stopped}, {"YES", ""}, {"cancel", stopped}, {"yes", ""}, {"End", stopped}, {"START", ""}, {"quit", stopped},
	} {
		d.twilio("/webhooks/twilio/acme/inbound", url.Values{"From": {"+46701234567"}, "Body": {step.said}}).is(200, nil)
		got := d.ask(`select coalesce(max(organization || ' ' || channel || ' ' || address || ' ' || reason), '') from suppressions`)
		if got != step.want {
			t.Errorf("after %q: %q, want %q", step.said, got, step.want)
		}
	}
	d.twilio("/webhooks/twilio/acme/inbound", url.Values{"From": {"nobody"}, "Body": {"STOP"}}).refused(422, "invalid_field", "From")
}

func TestTheDashboardOpensForTheOperatorAlone(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("anyone:"+adminToken))
	for _, header := range []string{"Bearer " + adminToken, basic} {
		r := d.do("GET", "/monitor/queues/x", nil, "Authorization", header).is(200, nil)
		if string(r.body) != "the dashboard" || !strings.Contains(r.header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("answered %s", r.body)
		}
	}
	closed := newDoor(t, func(deps *httpapi.Deps) { deps.AdminToken = "" })
	for _, header := range []string{"Bearer ", "Basic " + base64.StdEncoding.EncodeToString([]byte("x:")), "Bearer " + adminToken} {
		closed.do("GET", "/monitor/", nil, "Authorization", header).refused(404, "not_found", "")
	}
}

func TestTheAccessLogTellsNoSecret(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	_, link := d.link(object{"purpose": "resume", "conversation": "c_secret", "send": object{"channel": "sms", "to": "+46701234567"}})
	d.ended("c_secret")
	var pane struct{ URL string }
	d.do("POST", "/v1/conversations/c_secret/pane", object{"agent": "a_secret"}).is(201, &pane)
	signed := strings.TrimPrefix(pane.URL, publicURL)
	d.do("GET", link, nil).is(200, nil)
	grant := d.do("POST", link, nil).is(303, nil).header.Get("Location")
	d.do("GET", signed, nil).is(200, nil)
	d.do("GET", signed+"x", nil).is(403, nil)
	d.do("GET", "/nowhere/c_secret?x=c_secret", nil).is(404, nil)
	d.do("DELETE", link, nil).is(405, nil)
	d.do("GET", "/r//"+strings.TrimPrefix(link, "/r/"), nil) // the mux redirects it
	d.twilio("/webhooks/twilio/acme/inbound", url.Values{"From": {"+46701234567"}, "Body": {"STOP"}}).is(200, nil)

	log := d.log.String()
	for name, secret := range map[string]string{
		"a link's token": strings.TrimPrefix(link, "/r/"), "a pane's signature": signed[strings.LastIndex(signed, ".")+1:],
		"a pane's claims": strings.TrimPrefix(signed, "/pane/")[:20], "a grant": grant[len(grant)-20:], "an API key": acmeKey, "a conversation": "c_secret",
		"a number": "46701234567", "an address": "127.0.0.1", "a text": "smoke", "an agent": "a_secret",
	} {
		if strings.Contains(log, secret) {
			t.Errorf("%s stands in the log", name)
		}
	}
	for _, want := range []string{`"route":"/r/{token}"`, `"route":"/pane/{signed}"`, `"organization":"acme"`, `"status":303`, `"request_id":"`, `"duration_ms":`, `"method":"POST"`} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s:\n%s", want, log)
		}
	}
}
