// Package standin runs the vendors that cannot run here: a Zendesk, a Twilio and a mail
// server that behave, one of each on loopback, and writes the configuration that points
// Afterchat at them. Effects counts what they received by delivery, which is how the
// demo, the crash test and the benchmark know that nothing was lost and nothing came
// twice.
package standin

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/smtp/smtptest"
	"github.com/afterchat/afterchat/connectors/twilio/twiliotest"
	"github.com/afterchat/afterchat/connectors/zendesk/zendesktest"
	"github.com/afterchat/afterchat/internal/chat"
)

// What the stand-ins and their configuration have in common. They are open secrets of
// servers that listen on loopback only.
const (
	Organization = "acme"
	APIKey       = "demo-api-key"
	AdminToken   = "demo-admin-token"
	LinkSecret   = "demo-link-secret-of-32-bytes-or-more"
	secretKey    = "demo-secret-key-of-32-bytes-or-more!"
	zendeskEmail = "bot@acme.example"
	zendeskToken = "demo-zendesk-token"
	twilioSID    = "AC00000000000000000000000000000000"
	twilioToken  = "demotwiliotoken"
	phoneNumber  = "+46101234567"
)

// Vendors are the running stand-ins.
type Vendors struct {
	Zendesk *zendesktest.Server
	Twilio  *twiliotest.Server
	Mail    *smtptest.Server

	ZendeskURL, TwilioURL string
	servers               []*http.Server
}

// Start starts the stand-ins on free ports of 127.0.0.1. Close them.
func Start(ctx context.Context) (*Vendors, error) {
	v := &Vendors{
		Zendesk: zendesktest.New(zendesktest.Options{Email: zendeskEmail, Token: zendeskToken, Groups: []string{"Coffee"}, Fields: []int64{360012}}),
		Twilio: twiliotest.New(twiliotest.Options{
			AccountSID: twilioSID, AuthToken: twilioToken, Callbacks: []string{"sent", "delivered"},
		}),
	}
	var err error
	if v.Mail, err = smtptest.New(smtptest.Options{}); err != nil {
		return nil, fmt.Errorf("starting the mail stand-in: %w", err)
	}
	if v.ZendeskURL, err = v.serve(ctx, v.Zendesk); err != nil {
		v.Close()
		return nil, err
	}
	if v.TwilioURL, err = v.serve(ctx, v.Twilio); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

func (v *Vendors) serve(ctx context.Context, h http.Handler) (string, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listening for a stand-in: %w", err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	v.servers = append(v.servers, server)
	go func() { _ = server.Serve(l) }() // ends with Close
	return "http://" + l.Addr().String(), nil
}

// Close stops the stand-ins.
func (v *Vendors) Close() {
	for _, s := range v.servers {
		_ = s.Close()
	}
	v.Twilio.Close()
	_ = v.Mail.Close()
}

// Effects counts what the stand-ins received by delivery.
func (v *Vendors) Effects() map[chat.Key]int {
	counts := map[chat.Key]int{}
	add := func(id string, n int) {
		if key, err := chat.ParseKey(id); err == nil {
			counts[key] += n
		}
	}
	for id, n := range v.Zendesk.Effects() {
		add(id, n)
	}
	for _, m := range v.Mail.Messages() {
		add(MailKey(m), 1)
	}
	for _, m := range v.Twilio.Messages() {
		add(TextKey(m), 1)
	}
	return counts
}

// MailKey returns the key of the delivery that a mail is, "" if it names none.
func MailKey(m smtptest.Message) string {
	mark, ok := connectors.MessageMark(m.MessageID)
	if !ok {
		return ""
	}
	return mark.Key.String()
}

// TextKey returns what an SMS holds in the place of a delivery's key.
func TextKey(m twiliotest.Message) string {
	u, err := url.Parse(m.StatusCallback)
	if err != nil {
		return ""
	}
	return u.Query().Get("delivery")
}

// Settings are what differs between the uses of Config.
type Settings struct {
	Database, Redis, Listen string
	Concurrency             int
	Lease, Grace            time.Duration
	// LinkTarget is where a redeemed link leads; empty means an address that is nowhere.
	LinkTarget string
	// Region is how numbers without a country code are read; empty means SE.
	Region string
	// ContactWait is how long a chat waits for contact data; zero means the default.
	ContactWait time.Duration
}

// Config is an afterchat.yaml that points at the stand-ins. A chat in it brings about
// a ticket, its notes and a transcript; a link is sent by SMS.
func (v *Vendors) Config(s Settings) string {
	region := cmp.Or(s.Region, "SE")
	contactWait := ""
	if s.ContactWait > 0 {
		contactWait = fmt.Sprintf("\n    contact_wait: %s", s.ContactWait)
	}
	return fmt.Sprintf(`database: %q
redis: %q
http:
  listen: %q
  admin_token: %q
  secret_keys: [%q]
workers: {concurrency: %d, lease: %s, grace: %s}
organizations:
  %s:
    name: Acme Coffee
    api_keys: [%q]
    timezone: Europe/Stockholm
    region: %q%s
    brand: {color: "#0a7d55", website: "https://acme.example"}
    desks:
      zd: {type: zendesk, base_url: %q, email: %s, token: %s, rate: {per_second: 0}}
    mail: {from: "Acme Support <support@acme.example>", smtp: {address: %q, tls: none}}
    sms: {type: twilio, base_url: %q, account_sid: %s, auth_token: %s, from: %q, countries: %s, rate: {per_second: 0}}
    tickets:
      - {when: {outcome: [unresolved, follow_up]}, desk: zd, group: Coffee, priority: normal, tags: [live-chat]}
    transcripts:
      - {to: user, audience: customer}
    flags:
      - {code: health_and_safety, words: {en: [smoke, burn, shock], de: [Rauch, Brand]}, priority: urgent, force_ticket: true, desk: zd}
    links: {target: %q, secret: %q, ttl: 168h}
`, s.Database, s.Redis, s.Listen, AdminToken, secretKey, s.Concurrency, s.Lease, s.Grace,
		Organization, APIKey, region, contactWait, v.ZendeskURL, zendeskEmail, zendeskToken, v.Mail.Addr(),
		v.TwilioURL, twilioSID, twilioToken, phoneNumber, countries(region), cmp.Or(s.LinkTarget, "https://acme.example/chat"), LinkSecret)
}

// countries are the demo's two, and the region where that is another one.
func countries(region string) string {
	if region == "SE" || region == "US" {
		return "[SE, US]"
	}
	return fmt.Sprintf("[SE, US, %q]", region)
}
