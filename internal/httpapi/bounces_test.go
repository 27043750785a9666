package httpapi_test

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/bounce"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/signing"
)

// mailed ends a chat and has its transcript sent; it returns the transcript's key.
func (d *door) mailed(conversation string) chat.Key {
	d.t.Helper()
	planned := d.ended(conversation)
	i := slices.IndexFunc(planned, func(p plannedDelivery) bool { return p.Action == string(chat.EmailTranscript) })
	key, err := chat.ParseKey(planned[i].ID)
	if err != nil {
		d.t.Fatal(err)
	}
	d.exec(`update deliveries set state = 'delivered', fence = 1, first_call_at = now(), last_call_at = now() where id = $1`, key)
	return key
}

// report is a delivery report about a mail, sent to an address.
func report(to, messageID, action, status string) string {
	return strings.ReplaceAll(`From: MAILER-DAEMON@relay.example
To: `+to+`
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example

Final-Recipient: rfc822; ann@example.com
Action: `+action+`
Status: `+status+`

--b
Content-Type: text/rfc822-headers

Message-ID: `+messageID+`

--b--
`, "\n", "\r\n")
}

// bounce hands a mail to an organization's webhook.
func (d *door) bounce(organization, secret string, mail any, headers ...string) reply {
	d.t.Helper()
	return d.do("POST", "/webhooks/mail/"+organization+"/bounce", mail,
		append([]string{"Authorization", "Bearer " + secret, "Content-Type", "message/rfc822"}, headers...)...)
}

func (d *door) receipt(key chat.Key) any {
	d.t.Helper()
	var got object
	d.do("GET", "/v1/deliveries/"+key.String(), nil).is(200, &got)
	if got["state"] != "delivered" {
		d.t.Errorf("the delivery is %v", got["state"])
	}
	return got["receipt"]
}

const suppressedAddresses = `select coalesce(string_agg(organization || ' ' || channel || ' ' || address || ' ' || reason, ', '), '') from suppressions`

func TestABounceThroughTheWebhookIsTheMailsReceipt(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	byID, byPath := d.mailed("c1"), d.mailed("c2")
	path := connectors.ReturnPath("bounces@acme.example", d.deps.Keys.BounceMark("acme", byPath))
	for _, step := range []struct {
		key                     chat.Key
		mail                    string
		want, outcome, suppress string
	}{
		{byID, report("support@acme.example", "<"+byID.String()+"@acme.example>", "delayed", "4.4.1"), "delayed 4.4.1", "delayed", ""},
		{byID, report("support@acme.example", "<"+byID.String()+"@acme.example>", "failed", "4.4.7"), "bounced 4.4.7", "bounced", ""},
		{byPath, report(path, "<else@where.example>", "failed", "5.1.1"), "bounced 5.1.1", "bounced", "acme email ann@example.com bounced"},
		{byPath, report(path, "<else@where.example>", "failed", "5.1.1"), "bounced 5.1.1", "repeated", "acme email ann@example.com bounced"},
		{byPath, "From: ann@example.com\r\nSubject: Hello\r\n\r\nHello\r\n", "bounced 5.1.1", "ignored", "acme email ann@example.com bounced"},
		{byPath, report("support@acme.example", "<"+strings.Repeat("0", 32)+"@acme.example>", "failed", "5.1.1"), "bounced 5.1.1", "unknown", "acme email ann@example.com bounced"},
		{byPath, report("support@acme.example", "<else@where.example>", "failed", "5.1.1"), "bounced 5.1.1", "unknown", "acme email ann@example.com bounced"},
	} {
		d.bounce("acme", bounceSecret, step.mail).is(204, nil)
		if got := d.receipt(step.key); got != step.want {
			t.Errorf("the receipt is %v, want %s", got, step.want)
		}
		if got := d.ask(suppressedAddresses); got != step.suppress {
			t.Errorf("after %s: %q is suppressed, want %q", step.want, got, step.suppress)
		}
		if got := d.counted(); got[len(got)-1] != "webhook "+step.outcome {
			t.Errorf("counted as %s, want %s", got, step.outcome)
		}
	}
	if log := d.log.String(); strings.Contains(log, "ann@") || strings.Contains(log, bounceSecret) || !strings.Contains(log, `"status":"5.1.1"`) {
		t.Errorf("the log says\n%s", log)
	}
	for _, path := range []string{"/v1/conversations/c2/deliveries", "/v1/conversations/c2/details"} {
		if r := d.do("GET", path, nil).is(200, nil); !strings.Contains(string(r.body), `"receipt":"bounced 5.1.1"`) {
			t.Errorf("%s does not show the receipt", path)
		}
	}
	pane := d.deps.Keys.SignPane(signing.Pane{Organization: "acme", Conversation: "c2", Agent: "a", ExpiresAt: time.Now().Add(time.Hour)})
	if r := d.do("GET", "/pane/"+pane, nil).is(200, nil); !strings.Contains(string(r.body), "bounced 5.1.1") {
		t.Error("the pane does not show the receipt")
	}
}

func TestAWebhookIsOneOrganizationsOwn(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	key := d.mailed("c")
	mail := report(connectors.ReturnPath("bounces@acme.example", d.deps.Keys.BounceMark("acme", key)), "<"+key.String()+"@acme.example>", "failed", "5.1.1")
	for name, door := range map[string]struct{ organization, secret string }{
		"another's secret":        {"acme", bounceSecret + "-bolt"},
		"the beginning of one":    {"bolt", bounceSecret},
		"no secret":               {"acme", ""},
		"an API key":              {"acme", acmeKey},
		"a webhook that is shut":  {"shut", ""},
		"no webhook":              {"deaf", ""},
		"no such organization":    {"nobody", bounceSecret},
		"the admin's token":       {"acme", adminToken},
		"a secret as a user name": {"acme", ":" + bounceSecret},
	} {
		t.Run(name, func(t *testing.T) {
			r := d.bounce(door.organization, door.secret, mail)
			r.t = t
			r.refused(401, "unauthorized", "")
			if r.header.Get("WWW-Authenticate") == "" {
				t.Error("it does not say how to sign in")
			}
		})
	}
	d.bounce("bolt", bounceSecret+"-bolt", mail).is(204, nil)
	if got := d.receipt(key); got != nil {
		t.Errorf("through another's webhook the receipt became %v", got)
	}
	d.bounce("acme", bounceSecret, mail).is(204, nil)
	if got := d.receipt(key); got != "bounced 5.1.1" {
		t.Errorf("the receipt is %v", got)
	}
}

func TestWhatIsNoMailIsRefused(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.bounce("acme", bounceSecret, "").refused(422, "not_a_mail", "")
	d.bounce("acme", bounceSecret, "bounced: ann@example.com\nno more of it").refused(422, "not_a_mail", "")
	d.bounce("acme", bounceSecret, "Subject: x\r\n\r\n", "Content-Type", "application/json").refused(415, "unsupported_media_type", "")
	d.bounce("acme", bounceSecret, "\x1f\x8b\x08", "Content-Encoding", "gzip").refused(415, "unsupported_media_type", "Content-Encoding")
	d.bounce("acme", bounceSecret, "Subject: x\r\n\r\n", "Content-Type", "message/global; x=y").is(204, nil)
	huge := io.MultiReader(strings.NewReader("Subject: x\r\n\r\n"), io.LimitReader(zeros{}, bounce.MaxBytes))
	d.bounce("acme", bounceSecret, huge).refused(413, "body_too_large", "")
}

// zeros is an endless text.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = '0'
	}
	return len(b), nil
}

func TestABounceWaitsForTheDatabase(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	key := d.mailed("c")
	mail := report("support@acme.example", "<"+key.String()+"@acme.example>", "failed", "5.1.1")
	d.store.Close()
	r := d.bounce("acme", bounceSecret, mail)
	r.refused(503, "unavailable", "")
	if r.header.Get("Retry-After") == "" || len(d.counted()) > 0 {
		t.Errorf("it does not say when to come again, or was counted: %v", d.counted())
	}
}
