package connectors_test

import (
	"testing"

	"github.com/afterchat/afterchat/connectors"
)

func TestAnAnswersAddressIsOneOrNone(t *testing.T) {
	t.Parallel()
	a := connectors.Answers{ReplyTo: "Acme <support+id{ticket}@acme.example>", SubjectTag: "[acme #{ticket}]"}
	for ticket, want := range map[string][2]string{
		"":            {"", ""},
		"35":          {"Acme <support+id35@acme.example>", "[acme #35]"},
		"3 5>":        {"", "[acme #3 5>]"},
		"a\r\nBcc: b": {"", "[acme #a\r\nBcc: b]"},
	} {
		if replyTo, tag := a.For(ticket); replyTo != want[0] || tag != want[1] {
			t.Errorf("%q: %q and %q, want %q", ticket, replyTo, tag, want)
		}
	}
}
