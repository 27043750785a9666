package app_test

import (
	"io"
	"net/http"
	"net/smtp"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/connectors/smtp/smtptest"
	"github.com/afterchat/afterchat/internal/app"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/standin"
)

// bouncing lets an organization's bounces come in by SMTP.
func bouncing(config string) string {
	return strings.Replace(config, "tls: none}}",
		"tls: none}, bounces: {listen: 'localhost:0', protocol: smtp, return_path: bounces@acme.example, secret: the-secret-of-the-webhook}}", 1)
}

// found waits for what a pattern captures in the log.
func (r *rig) found(pattern string) string {
	r.t.Helper()
	for range 400 {
		if m := regexp.MustCompile(pattern).FindStringSubmatch(r.log.String()); m != nil {
			return m[1]
		}
		time.Sleep(25 * time.Millisecond)
	}
	r.t.Fatalf("the log never says %s", pattern)
	return ""
}

// returned is what a mail server sends back about a mail that it could not deliver.
func returned(m smtptest.Message) string {
	header, _, _ := strings.Cut(string(m.Raw), "\r\n\r\n")
	return strings.ReplaceAll(`From: MAILER-DAEMON@relay.example (Mail Delivery System)
To: `+m.From+`
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=bounce

--bounce
Content-Type: text/plain

There is no such mailbox.

--bounce
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example

Final-Recipient: rfc822; `+m.To+`
Action: failed
Status: 5.1.1

--bounce
Content-Type: text/rfc822-headers

`, "\n", "\r\n") + header + "\r\n\r\n--bounce--\r\n"
}

// From the mail to its bounce to the next mail, which is not sent.
func TestWhoeverBouncesIsNotWrittenToAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, bouncing)
	first, second := standin.Chat(1), standin.Chat(2)
	second.User.Email = strings.ToUpper(first.User.Email)
	if code := r.call(http.MethodPost, "/v1/conversations/"+first.ID+"/end", first, nil); code != http.StatusAccepted {
		t.Fatalf("end: %d", code)
	}
	r.settled(first.ID)
	mails := r.vendors.Mail.Messages()
	if len(mails) != 1 || !regexp.MustCompile(`^bounces\+[0-9a-f]{32}\.[a-z2-7]{12}@acme\.example$`).MatchString(mails[0].From) {
		t.Fatalf("mails: %+v", mails)
	}
	door := r.found(`msg="listening for bounces" address=(\S+)`)
	if err := smtp.SendMail(door, nil, "", []string{"support@acme.example"}, []byte(returned(mails[0]))); err == nil || !strings.Contains(err.Error(), "550") {
		t.Errorf("a mail to support: %v", err)
	}
	if err := smtp.SendMail(door, nil, "", []string{mails[0].From}, []byte(returned(mails[0]))); err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	transcript := func(conversation string) (state, receipt, why string) {
		var tl struct {
			Deliveries []struct {
				Action, State  string
				Receipt, Error *string
			}
		}
		r.settled(conversation)
		r.call(http.MethodGet, "/v1/conversations/"+conversation+"/deliveries", nil, &tl)
		for _, d := range tl.Deliveries {
			if d.Action == "email_transcript" {
				return d.State, value(d.Receipt), value(d.Error)
			}
		}
		return "", "", ""
	}
	if state, receipt, _ := transcript(first.ID); state != "delivered" || receipt != "bounced 5.1.1" {
		t.Errorf("the transcript is %s, %q", state, receipt)
	}
	ledger, err := app.OpenLedger(t.Context(), r.path, standin.Organization, false, &shown)
	if err != nil {
		t.Fatal(err)
	}
	defer ledger.Close()
	if err := ledger.List(t.Context(), "", "email_transcript", "", 0); err != nil || !strings.Contains(shown.String(), "delivered  bounced 5.1.1") || !strings.Contains(shown.String(), "to user (customer)") {
		t.Errorf("the ledger shows %q, %v", shown.String(), err)
	}
	if code := r.call(http.MethodPost, "/v1/conversations/"+second.ID+"/end", second, nil); code != http.StatusAccepted {
		t.Fatalf("end: %d", code)
	}
	if state, _, why := transcript(second.ID); state != "suppressed" || !strings.Contains(why, "bounced") {
		t.Errorf("the next transcript is %s, %q", state, why)
	}
	if n := len(r.vendors.Mail.Messages()); n != 1 {
		t.Errorf("%d mails", n)
	}
	test := app.TestMail{Trial: app.Trial{Organization: standin.Organization, Audience: "customer"}, To: "kim@example.com"}
	if err := app.SendTest(t.Context(), r.path, test, false, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	mails = r.vendors.Mail.Messages()
	if err := smtp.SendMail(door, nil, "", []string{mails[1].From}, []byte(returned(mails[1]))); err != nil {
		t.Errorf("the bounce of a test: %v", err)
	}
	test.To = strings.ToUpper(first.User.Email)
	if err := app.SendTest(t.Context(), r.path, test, false, io.Discard, io.Discard); fault.CodeOf(err) != "suppressed" || !strings.Contains(err.Error(), "bounced") {
		t.Errorf("a test to a suppressed address: %v", err)
	}
	test.Force = true
	var notes strings.Builder
	if err := app.SendTest(t.Context(), r.path, test, false, io.Discard, &notes); err != nil || !strings.Contains(notes.String(), "suppressed (bounced)") {
		t.Errorf("forced: %q, %v", notes.String(), err)
	}
	if n := len(r.vendors.Mail.Messages()); n != 3 {
		t.Errorf("%d mails", n)
	}
	var parts map[string]string
	if code := r.call(http.MethodGet, "/readyz", nil, &parts); code != http.StatusOK || parts["bounces"] != "ok" {
		t.Errorf("%d %v", code, parts)
	}
	if log := r.log.String(); strings.Contains(log, first.User.Email) || strings.Contains(log, "bounces+") {
		t.Error("the log holds an address")
	}
	answer, err := r.door.Client().Get(r.door.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if metrics, err := io.ReadAll(answer.Body); err != nil || !strings.Contains(string(metrics), `afterchat_bounces_total{door="smtp",outcome="bounced"} 1`) {
		t.Error("the bounce is not counted")
	}
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
