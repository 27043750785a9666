package smtp

import (
	"testing"

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
