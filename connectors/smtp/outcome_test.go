package smtp

import (
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"github.com/afterchat/afterchat/internal/fault"
)

func TestRepliesBecomeFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		at       stage
		code     int
		enhanced gosmtp.EnhancedCode
		kind     fault.Kind
		want     string
	}{
		"no such user":                        {recipient, 550, gosmtp.EnhancedCode{5, 1, 1}, fault.Invalid, "5.1.1"},
		"no such domain":                      {recipient, 550, gosmtp.EnhancedCode{5, 1, 2}, fault.Invalid, "5.1.2"},
		"null MX":                             {recipient, 556, gosmtp.EnhancedCode{5, 1, 10}, fault.Invalid, "5.1.10"},
		"mailbox disabled":                    {recipient, 550, gosmtp.EnhancedCode{5, 2, 1}, fault.Invalid, "5.2.1"},
		"mailbox full for now":                {recipient, 452, gosmtp.EnhancedCode{4, 2, 2}, fault.Transient, "4.2.2"},
		"mailbox full":                        {recipient, 552, gosmtp.EnhancedCode{5, 2, 2}, fault.Transient, "5.2.2"},
		"mailbox full, no enhanced code":      {recipient, 552, gosmtp.EnhancedCode{}, fault.Transient, "552"},
		"too large":                           {finalDot, 552, gosmtp.EnhancedCode{5, 3, 4}, fault.Invalid, "5.3.4"},
		"too large, no enhanced code":         {finalDot, 552, gosmtp.EnhancedCode{}, fault.Invalid, "552"},
		"bad sequence":                        {content, 503, gosmtp.EnhancedCode{5, 5, 1}, fault.Invalid, "5.5.1"},
		"relaying denied":                     {recipient, 550, gosmtp.EnhancedCode{5, 7, 1}, fault.Invalid, "5.7.1"},
		"taken for spam":                      {finalDot, 554, gosmtp.EnhancedCode{5, 7, 1}, fault.Invalid, "5.7.1"},
		"sender not allowed":                  {sender, 553, gosmtp.EnhancedCode{5, 7, 1}, fault.Denied, "5.7.1"},
		"sender's mailbox unknown":            {sender, 550, gosmtp.EnhancedCode{5, 1, 8}, fault.Denied, "5.1.8"},
		"sign in first":                       {sender, 530, gosmtp.EnhancedCode{5, 7, 0}, fault.Denied, "5.7.0"},
		"sign in first, said late":            {recipient, 530, gosmtp.EnhancedCode{}, fault.Denied, "530"},
		"credential refused":                  {signingIn, 535, gosmtp.EnhancedCode{5, 7, 8}, fault.Denied, "5.7.8"},
		"signing in refused in other words":   {signingIn, 554, gosmtp.EnhancedCode{}, fault.Denied, "554"},
		"credential cannot be checked now":    {signingIn, 454, gosmtp.EnhancedCode{4, 7, 0}, fault.Transient, "4.7.0"},
		"neither SPF nor DKIM":                {finalDot, 550, gosmtp.EnhancedCode{5, 7, 26}, fault.Denied, "5.7.26"},
		"greylisted":                          {recipient, 451, gosmtp.EnhancedCode{4, 7, 1}, fault.Transient, "4.7.1"},
		"shutting down":                       {finalDot, 421, gosmtp.EnhancedCode{4, 3, 2}, fault.Transient, "4.3.2"},
		"no service for this address":         {connecting, 554, gosmtp.EnhancedCode{5, 7, 1}, fault.Denied, "5.7.1"},
		"too many connections":                {connecting, 421, gosmtp.EnhancedCode{}, fault.Transient, "421"},
		"an answer from nowhere after a dot":  {finalDot, 354, gosmtp.EnhancedCode{}, fault.Ambiguous, "354"},
		"an answer from nowhere before a dot": {recipient, 334, gosmtp.EnhancedCode{}, fault.Transient, "334"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reply := &gosmtp.SMTPError{Code: test.code, EnhancedCode: test.enhanced, Message: "<ann@example.com> refused"}
			if got := classify(test.at, reply); got.Kind != test.kind || got.Code != test.want {
				t.Errorf("%v, want %v with code %s", got, test.kind, test.want)
			}
		})
	}
}

// TestEveryListedCodeHasItsOutcomeAtEveryStage goes over all replies about a mail, whether
// a server gives them to MAIL, to RCPT, to DATA or only to the final dot.
func TestEveryListedCodeHasItsOutcomeAtEveryStage(t *testing.T) {
	t.Parallel()
	type reply struct {
		code     int
		enhanced gosmtp.EnhancedCode
	}
	var none gosmtp.EnhancedCode
	mail := []stage{recipient, content, finalDot}
	for name, test := range map[string]struct {
		stages  []stage
		replies []reply
		want    fault.Kind
	}{
		"refused for good": {mail, []reply{
			{550, gosmtp.EnhancedCode{5, 1, 1}}, {550, gosmtp.EnhancedCode{5, 1, 2}}, {553, gosmtp.EnhancedCode{5, 1, 3}}, {551, gosmtp.EnhancedCode{5, 1, 6}},
			{556, gosmtp.EnhancedCode{5, 1, 10}}, {550, gosmtp.EnhancedCode{5, 2, 1}}, {552, gosmtp.EnhancedCode{5, 3, 4}}, {500, gosmtp.EnhancedCode{5, 5, 0}},
			{503, gosmtp.EnhancedCode{5, 5, 1}}, {501, gosmtp.EnhancedCode{5, 5, 2}}, {501, gosmtp.EnhancedCode{5, 5, 4}}, {550, gosmtp.EnhancedCode{5, 6, 0}},
			{554, gosmtp.EnhancedCode{5, 6, 3}}, {550, gosmtp.EnhancedCode{5, 6, 7}}, {550, gosmtp.EnhancedCode{5, 7, 1}}, {550, none}, {554, none},
		}, fault.Invalid},
		"too large, as MAIL is told": {[]stage{sender}, []reply{{552, gosmtp.EnhancedCode{5, 3, 4}}, {552, none}}, fault.Invalid},
		"the account": {[]stage{signingIn, sender, recipient, content, finalDot}, []reply{
			{530, none}, {530, gosmtp.EnhancedCode{5, 7, 0}}, {535, none}, {535, gosmtp.EnhancedCode{5, 7, 8}}, {534, gosmtp.EnhancedCode{5, 7, 9}},
			{554, gosmtp.EnhancedCode{5, 7, 8}}, {554, gosmtp.EnhancedCode{5, 7, 9}}, {534, none}, {538, none},
			{550, gosmtp.EnhancedCode{5, 7, 26}}, {550, gosmtp.EnhancedCode{5, 7, 20}}, {550, gosmtp.EnhancedCode{5, 7, 23}}, {550, gosmtp.EnhancedCode{5, 7, 25}},
		}, fault.Denied},
		"later, perhaps": {[]stage{connecting, signingIn, sender, recipient, content, finalDot}, []reply{
			{421, none}, {421, gosmtp.EnhancedCode{4, 3, 2}}, {450, none}, {450, gosmtp.EnhancedCode{4, 2, 0}}, {451, none}, {451, gosmtp.EnhancedCode{4, 7, 1}},
			{452, none}, {452, gosmtp.EnhancedCode{4, 2, 2}}, {452, gosmtp.EnhancedCode{4, 3, 1}}, {454, none}, {454, gosmtp.EnhancedCode{4, 7, 0}},
			{450, gosmtp.EnhancedCode{4, 1, 8}}, {421, gosmtp.EnhancedCode{4, 7, 28}}, {451, gosmtp.EnhancedCode{4, 4, 1}},
		}, fault.Transient},
	} {
		for _, at := range test.stages {
			for _, r := range test.replies {
				got := classify(at, &gosmtp.SMTPError{Code: r.code, EnhancedCode: r.enhanced, Message: "<ann@example.com> no"})
				if got.Kind != test.want || got.Tries != 0 {
					t.Errorf("%s, %d %v while %s: %v, want %v", name, r.code, r.enhanced, stages[at], got, test.want)
				}
			}
		}
	}
}

func TestAFullMailboxIsWorthAFewSlowTries(t *testing.T) {
	t.Parallel()
	for _, at := range []stage{recipient, content, finalDot} {
		got := classify(at, &gosmtp.SMTPError{Code: 552, EnhancedCode: gosmtp.EnhancedCode{5, 2, 2}})
		if got.Kind != fault.Transient || got.Tries < 3 || got.Tries > 4 || got.RetryAfter < time.Hour {
			t.Errorf("while %s: %v, %d tries, %s apart", stages[at], got, got.Tries, got.RetryAfter)
		}
	}
}

func TestOnlyARateAnswerToRCPTIsAboutTheDomainAlone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		at       stage
		code     int
		enhanced gosmtp.EnhancedCode
		narrow   bool
	}{
		"too much mail":                 {recipient, 450, gosmtp.EnhancedCode{4, 7, 28}, true},
		"too much mail, and a hang-up":  {recipient, 421, gosmtp.EnhancedCode{4, 7, 0}, true},
		"the same as greylisting says":  {recipient, 421, gosmtp.EnhancedCode{4, 7, 1}, true},
		"a hang-up without more":        {recipient, 421, gosmtp.EnhancedCode{}, true},
		"a vendor's own detail":         {recipient, 451, gosmtp.EnhancedCode{4, 7, 650}, true},
		"greylisting":                   {recipient, 451, gosmtp.EnhancedCode{4, 7, 1}, false},
		"the server goes down":          {recipient, 421, gosmtp.EnhancedCode{4, 3, 2}, false},
		"a mailbox that is busy":        {recipient, 450, gosmtp.EnhancedCode{4, 2, 1}, false},
		"refused for good":              {recipient, 550, gosmtp.EnhancedCode{5, 7, 28}, false},
		"the sender sent too much":      {sender, 450, gosmtp.EnhancedCode{4, 7, 28}, false},
		"the client came too often":     {connecting, 421, gosmtp.EnhancedCode{4, 7, 0}, false},
		"the mail itself came too soon": {finalDot, 451, gosmtp.EnhancedCode{4, 7, 0}, false},
	} {
		got := classify(test.at, &gosmtp.SMTPError{Code: test.code, EnhancedCode: test.enhanced})
		if got.Narrow != test.narrow || got.Narrow && (got.Kind != fault.Transient || got.RetryAfter == 0) {
			t.Errorf("%s: %v, narrow %v, again after %s", name, got, got.Narrow, got.RetryAfter)
		}
	}
}
