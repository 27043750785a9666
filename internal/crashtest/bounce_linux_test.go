//go:build real

package crashtest

import (
	"bytes"
	"context"
	"net/http"
	"net/smtp"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/pgserver/child"
	"github.com/afterchat/afterchat/internal/testenv/mailserver"
)

const bounceSettings = "smtp: {address: %q, tls: none}, bounces: {listen: %q, protocol: %s, return_path: %q}"

// bouncesByLMTP also has nobody at the bounce door when Postfix comes for the first
// time: it keeps the report until there is.
func bouncesByLMTP(t *testing.T, server *mailserver.Server) {
	port, err := child.FreePort(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := mailTo(t, bounceSettings, server.Late, address(port), "lmtp", "bounces@lmtp.bounces.acme.example")
	p := r.start()
	s, tries := unknownVisitor(server, 171)
	r.end(s)
	r.becomesState(s, chat.Delivered)
	server.AwaitDeferred(t, "@lmtp.bounces.acme.example")
	p.kill()
	r.setMail(bounceSettings, server.Late, server.BouncesLMTP, "lmtp", "bounces@lmtp.bounces.acme.example")
	r.start()
	r.mustBounce(s, tries)
}

func bouncesBySMTP(t *testing.T, server *mailserver.Server) {
	r := mailTo(t, bounceSettings, server.Late, server.BouncesSMTP, "smtp", "bounces@smtp.bounces.acme.example")
	r.start()
	s, tries := unknownVisitor(server, 181)
	r.end(s)
	r.mustBounce(s, tries)
}

// bouncesByWebhook has the reports delivered into a mailbox, and handed over from there.
func bouncesByWebhook(t *testing.T, server *mailserver.Server) {
	const secret = "webhook-secret-3b1f"
	r := mailTo(t, "smtp: {address: %q, tls: none}, bounces: {return_path: bounces@returned.example, secret: %s}", server.Late, secret)
	r.start()
	s, tries := unknownVisitor(server, 191)
	r.end(s)
	report := returnedReport(t, server, "@returned.example")
	for _, given := range []struct {
		secret string
		status int
	}{{"another-secret", http.StatusUnauthorized}, {secret, http.StatusNoContent}, {secret, http.StatusNoContent}} {
		if got := r.handOver(report, given.secret); got != given.status {
			t.Errorf("the report with the secret %s: %d, want %d", given.secret, got, given.status)
		}
	}
	r.mustBounce(s, tries)
	if strings.Contains(r.log(), secret) {
		t.Error("the log holds the webhook's secret")
	}
}

// returnedReport waits for a report in the mailbox that a domain's mail is delivered to.
func returnedReport(t *testing.T, server *mailserver.Server, domain string) []byte {
	t.Helper()
	var report []byte
	eventually(t, 30*time.Second, "the report lies in its mailbox", func() bool {
		for _, m := range server.Mails(t, "") {
			if strings.HasSuffix(m.To, domain) {
				report = m.Raw
			}
		}
		return report != nil
	})
	return report
}

// bouncesByMessageID has nothing but the Message-ID tell which mail a report is about: no
// address in it is the mail's own any more. Another tag is not believed.
func bouncesByMessageID(t *testing.T, server *mailserver.Server) {
	port, err := child.FreePort(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := mailTo(t, bounceSettings, server.Late, address(port), "smtp", "bounces@plain.returned.example")
	r.start()
	s, tries := unknownVisitor(server, 201)
	r.end(s)
	report := regexp.MustCompile(`bounces\+[0-9a-f]{32}\.[a-z2-7]{12}@`).ReplaceAll(returnedReport(t, server, "@plain.returned.example"), []byte("bounces@"))
	id := regexp.MustCompile("<" + key(s, chat.EmailTranscript, "user") + `\.[a-z2-7]{12}@`)
	if n := len(id.FindAll(report, -1)); n != 1 {
		t.Fatalf("the Message-ID comes back %d times in\n%s", n, report)
	}
	forged := id.ReplaceAll(report, []byte("<"+key(s, chat.EmailTranscript, "user")+".aaaaaaaaaaaa@"))
	for _, mail := range [][]byte{forged, report} {
		if d := r.becomesState(s, chat.Delivered); d.Receipt != nil && *d.Receipt != "" {
			t.Errorf("a forged report made the receipt %q", *d.Receipt)
		}
		if err := smtp.SendMail(address(port), nil, "", []string{"bounces@plain.returned.example"}, mail); err != nil {
			t.Fatal(err)
		}
	}
	r.mustBounce(s, tries)
}

func (r *rig) handOver(report []byte, secret string) (status int) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 10*time.Second)
	defer cancel()
	url := "http://" + r.door() + "/webhooks/mail/" + r.organization + "/bounce"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(report))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+secret)
	req.Header.Set("Content-Type", "message/rfc822")
	resp, err := direct.RoundTrip(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// unknownVisitor is a chat with somebody whom Postfix does not know, and how often it was
// asked to take a mail to them.
func unknownVisitor(server *mailserver.Server, n int) (chat.Snapshot, *atomic.Int64) {
	s, tries := mailOnly(n), new(atomic.Int64)
	s.User.Email = "nobody." + s.User.Email
	server.SetPolicy(s.User.Email, func(q mailserver.Request) string {
		if q["protocol_state"] == "RCPT" {
			tries.Add(1)
		}
		return ""
	})
	return s, tries
}

// mustBounce waits until the ledger knows that the transcript came back, and checks what
// follows: the next chat's is not even tried, however the address is spelled, until an
// operator says so.
func (r *rig) mustBounce(s chat.Snapshot, tries *atomic.Int64) {
	r.t.Helper()
	d := r.becomes(s, "bounced", func(d delivery) bool { return d.Receipt != nil && *d.Receipt != "" })
	if d.State != chat.Delivered || *d.Receipt != "bounced 5.1.1" {
		r.t.Errorf("%s, receipt %q", d, *d.Receipt)
	}
	next := func(id string) chat.Snapshot {
		again := mailOnly(0)
		again.ID, again.User.Email = s.ID+id, "N"+s.User.Email[1:]
		r.end(again)
		return again
	}
	r.becomesState(next("_again"), chat.Suppressed)
	if list := r.operate("suppressions", "list"); !strings.Contains(list, s.User.Email) || !strings.Contains(list, "bounced") {
		r.t.Errorf("the list of suppressions: %s", list)
	}
	r.operate("suppressions", "remove", s.User.Email)
	r.becomesState(next("_once_more"), chat.Delivered)
	if n := tries.Load(); n != 2 {
		r.t.Errorf("%d mails were tried, want 2", n)
	}
	r.mustNameNobody()
}
