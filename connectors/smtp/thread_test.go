package smtp_test

import (
	"strings"
	"testing"

	"github.com/afterchat/afterchat/connectors/smtp"
)

func TestMailsOfAConversationMakeAThread(t *testing.T) {
	t.Parallel()
	thread := func(name string, earlier ...string) (references, inReplyTo string) {
		m := outgoing(t)
		m.Thread, m.Earlier = name, earlier
		env, _ := mailed(t, nil, m)
		return env.GetHeader("References"), env.GetHeader("In-Reply-To")
	}
	first, answers := thread("c_8412")
	if first == "" || answers != "" || strings.Contains(first, "c_8412") {
		t.Errorf("the first mail refers to %q and answers %q", first, answers)
	}
	if other, _ := thread("c_8413"); other == first {
		t.Error("two conversations make one thread")
	}
	m := outgoing(t)
	m.Thread = "c_8412"
	if env, _ := mailed(t, func(s *smtp.Settings) { s.From = "help@acme.example" }, m); env.GetHeader("References") == first {
		t.Error("two accounts' conversations of one name make one thread")
	}
	if none, answers := thread(""); none+answers != "" {
		t.Errorf("a mail without a conversation refers to %q and answers %q", none, answers)
	}

	const one, two = "<0123.abcdefgh2345@acme.example>", "<4567@acme.example>"
	second, answers := thread("c_8412", one)
	if second != first+" "+one || answers != one {
		t.Errorf("the second mail refers to %q and answers %q", second, answers)
	}
	third, answers := thread("c_8412", one, two)
	if third != second+" "+two || answers != two {
		t.Errorf("the third mail refers to %q and answers %q", third, answers)
	}
	if got, answers := thread("", one); got != one || answers != one {
		t.Errorf("without a name for the thread: %q, %q", got, answers)
	}
}

func TestOnlyMessageIDsStandInAThread(t *testing.T) {
	t.Parallel()
	m := outgoing(t)
	const good = "<0123.abcdefgh2345@acme.example>"
	m.Earlier = []string{
		good, "seen by a person", "", "<>", "<@>", "<a@b> <c@d>", "<a@b@c>", "a@b", "<a@b>\r\nBcc: eve@example.com", "<ä@b>", "<a b@c>",
		"<" + strings.Repeat("a", 129) + "@b>", "<a@" + strings.Repeat("b", 256) + ">",
	}
	env, _ := mailed(t, nil, m)
	if got := env.GetHeader("References"); got != good || env.GetHeader("In-Reply-To") != good || env.GetHeader("Bcc") != "" {
		t.Errorf("the mail refers to %q and answers %q", got, env.GetHeader("In-Reply-To"))
	}
}
