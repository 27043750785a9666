package bounce_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/bounce"
)

func TestANoticeInWordsOfItsOwnIsABounceOnlyIfThatIsPlain(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"From: MAILER-DAEMON@relay.example\nSubject: failure notice":                                  bounce.Bounced,
		"From: Mail <mailer-daemon@relay.example>\nSubject: FAILURE NOTICE":                           bounce.Bounced,
		"From: Postmaster@relay.example\nSubject: Undeliverable: Your chat":                           bounce.Bounced,
		"From: postmaster@relay.example\nSubject: =?utf-8?Q?Returned=20mail?=: Your chat":             bounce.Bounced,
		"From: postmaster@relay.example\nSubject: =?x-none?Q?x?= Returned mail":                       bounce.Bounced,
		"From: x@relay.example\nX-Failed-Recipients: ann@example.com":                                 bounce.Bounced,
		"From: ann@example.com\nSubject: Returned mail":                                               "",
		"From: nobody at all\nSubject: Returned mail":                                                 "",
		"From: mailer-daemon@relay.example\nSubject: Your chat":                                       "",
		"From: mailer-daemon@relay.example\nSubject: Warning: returned mail":                          "",
		"From: mailer-daemon@relay.example\nSubject: Returned mail\nX-Autoreply: yes":                 "",
		"From: mailer-daemon@relay.example\nSubject: Returned mail\nPrecedence: auto_reply":           "",
		"From: mailer-daemon@relay.example\nSubject: Returned mail\nAuto-Submitted: auto-replied (x)": "",
	} {
		r, err := bounce.Parse(strings.NewReader(strings.ReplaceAll(header, "\n", "\r\n")+"\r\n\r\nIt did not work."), true)
		if err != nil || r.Word != want {
			t.Errorf("%q is %q, want %q: %v", header, r.Word, want, err)
		}
	}
}

// report is a mail of some parts, each "type: body".
func report(header string, parts ...string) string {
	mail := header + "Content-Type: multipart/report; boundary=b\n\n"
	for _, part := range parts {
		kind, body, _ := strings.Cut(part, ": ")
		mail += "--b\nContent-Type: " + kind + "\n\n" + body + "\n"
	}
	return strings.ReplaceAll(mail+"--b--\n", "\n", "\r\n")
}

func TestAReportIsReadWhateverStandsAroundIt(t *testing.T) {
	t.Parallel()
	const (
		failed   = "message/delivery-status: Reporting-MTA: dns; a\n\nAction: failed\nStatus: 5.1.1"
		delayed  = "message/delivery-status: Reporting-MTA: dns; a\n\nAction: delayed\nStatus: 4.4.1"
		says     = "message/delivery-status: Reporting-MTA: dns; a"
		original = "message/rfc822: Message-ID: <one@acme.example>\nReturn-Path: <bounces+one@acme.example>\n\nHello"
	)
	for name, test := range map[string]struct {
		mail, receipt, id string
		addresses         []string
	}{
		"words in letters that are not known":  {report("", "text/plain; charset=x-klingon: nuqneH", failed, original), "bounced 5.1.1", "<one@acme.example>", []string{"bounces+one@acme.example"}},
		"a part in a coding that is not known": {report("", "text/plain\nContent-Transfer-Encoding:x-odd: nuqneH", failed, original), "bounced 5.1.1", "<one@acme.example>", []string{"bounces+one@acme.example"}},
		"two of which the first has its say":   {report("", failed, delayed), "bounced 5.1.1", "", nil},
		"two of which the first says nothing":  {report("", says, delayed), "delayed 4.4.1", "", nil},
		"two mails that come back":             {report("", failed, original, "message/rfc822: Message-ID: <two@acme.example>\n\nHello"), "bounced 5.1.1", "<one@acme.example>", []string{"bounces+one@acme.example"}},
		"one that is empty, and one":           {report("", failed, "message/rfc822: ", original), "bounced 5.1.1", "<one@acme.example>", []string{"bounces+one@acme.example"}},
		"a mail in UTF-8 that comes back":      {report("", failed, strings.Replace(original, "rfc822", "global", 1)), "bounced 5.1.1", "<one@acme.example>", []string{"bounces+one@acme.example"}},
		"its header in UTF-8":                  {report("", failed, strings.Replace(original, "rfc822", "global-headers", 1)), "bounced 5.1.1", "<one@acme.example>", []string{"bounces+one@acme.example"}},
		"a name that looks like an address":    {report("To: \"Acme <x@y>\" <bounces+one@acme.example>\n", failed), "bounced 5.1.1", "", []string{"bounces+one@acme.example"}},
		"whom it was for before it was for us": {report("Delivered-To: a@acme.example\nX-Original-To: b@acme.example\nEnvelope-To: c@acme.example, d@acme.example\n", failed), "bounced 5.1.1", "", []string{"a@acme.example", "b@acme.example", "c@acme.example", "d@acme.example"}},
	} {
		r, err := bounce.Parse(strings.NewReader(test.mail), true)
		if err != nil || r.Receipt() != test.receipt || r.MessageID != test.id || !slices.Equal(r.Addresses, test.addresses) {
			t.Errorf("%s: %q about %q to %q: %v", name, r.Receipt(), r.MessageID, r.Addresses, err)
		}
	}
}

func TestAStatusIsReadAsFarAsItIsOne(t *testing.T) {
	t.Parallel()
	for fields, want := range map[string]string{
		"Action: failed\nStatus: 5.1.1":                                                    "bounced 5.1.1",
		"Action: failed (for good)\nStatus: 5.1.1(no such user)":                           "bounced 5.1.1",
		"Action: Failed; x\nStatus: 5.1.1; x":                                              "bounced 5.1.1",
		"Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550-5.1.1 no such user":     "bounced 5.1.1",
		"Action: failed\nStatus: nonsense\nDiagnostic-Code: smtp; 550 #5.1.1 no such user": "bounced 5.1.1",
		"Action: failed\nDiagnostic-Code: smtp; 550 5.1.1 no such user":                    "bounced 5.1.1",
		"Action: failed\nStatus: 4.0.0\nDiagnostic-Code: smtp; 550 5.1.1 no such user":     "bounced 4.0.0",
		"Action: failed\nStatus: 5.4.4\nDiagnostic-Code: smtp; 550 5.1.1 no such user":     "bounced 5.4.4",
		"Action: failed\nStatus: nonsense":                                                 "bounced",
		"Action: failed\nStatus: 2.0.0":                                                    "bounced",
		"Action: delivered\nStatus: 2.0.0":                                                 "delivered 2.0.0",
		"Action: lost\nStatus: 5.1.1":                                                      "",
		// Of several behind an alias, the mildest counts.
		"Action: failed\nStatus: 5.1.1\n\nAction: failed\nStatus: 4.4.7":        "bounced 4.4.7",
		"Action: failed\nStatus: 4.4.7\n\nAction: failed\nStatus: 5.1.1":        "bounced 4.4.7",
		"Action: failed\nStatus: 5.1.1\n\nAction: expanded\nStatus: 2.0.0":      "expanded 2.0.0",
		"Action: delayed\nStatus: 4.4.1\n\nAction: relayed\nStatus: 2.0.0":      "relayed 2.0.0",
		"Action: delivered\nStatus: 2.0.0\n\nAction: delayed\nStatus: 4.4.1":    "delivered 2.0.0",
		"Final-Recipient: rfc822; a@b.example\n\nAction: failed\nStatus: 5.1.1": "bounced 5.1.1",
	} {
		r, err := bounce.Parse(strings.NewReader(report("", "message/delivery-status: Reporting-MTA: dns; a\n\n"+fields)), true)
		if err != nil || r.Receipt() != want {
			t.Errorf("%q is %q, want %q: %v", fields, r.Receipt(), want, err)
		}
	}
	for kind, want := range map[string]string{
		"abuse": bounce.Complained, "Fraud": bounce.Complained, "opt-out": bounce.Complained, "opt-out-list": bounce.Complained,
		"not-spam": "", "virus": "", "auth-failure": "", "other": "",
	} {
		r, err := bounce.Parse(strings.NewReader(report("", "message/feedback-report: Feedback-Type: "+kind)), true)
		if err != nil || r.Word != want {
			t.Errorf("%q is %q, want %q: %v", kind, r.Word, want, err)
		}
	}
}
