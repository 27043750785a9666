package bounce

import (
	"net/mail"
	"strings"

	"github.com/emersion/go-message"
)

// oddVerdict judges a mail that came without a sender and is no report: what old servers
// write in words of their own. It is a bounce only if that is plain, and never gives a
// status: a code in its text may as well be one out of the mail that it quotes.
func oddVerdict(h message.Header) Verdict {
	if h.Get("X-Failed-Recipients") != "" { // Exim
		return Verdict{Word: Bounced}
	}
	if !fromMailer(h.Get("From")) || isAutoReply(h) {
		return Verdict{}
	}
	subject, _ := h.Text("Subject") // as it is where it cannot be decoded
	subject = strings.ToLower(subject)
	for _, word := range stillTrying {
		if strings.Contains(subject, word) {
			return Verdict{}
		}
	}
	for _, word := range givenUp {
		if strings.Contains(subject, word) {
			return Verdict{Word: Bounced}
		}
	}
	return Verdict{}
}

// How subjects say that a server has given up, or that it has not.
var (
	givenUp = [...]string{
		"failure notice", "undeliver", "returned mail", "returned to sender", "delivery failed", "delivery failure",
		"delivery has failed", "failure delivery", "notification (failure)",
	}
	stillTrying = [...]string{"delay", "warning", "still trying"}
)

func fromMailer(from string) bool {
	a, err := mail.ParseAddress(from)
	if err != nil {
		return false
	}
	local, _, _ := strings.Cut(strings.ToLower(a.Address), "@")
	return local == "mailer-daemon" || local == "postmaster"
}

// isAutoReply reports whether somebody's machine answers instead of reporting (RFC 3834, 5).
func isAutoReply(h message.Header) bool {
	auto := strings.ToLower(firstToken(h.Get("Auto-Submitted")))
	return auto == "auto-replied" || h.Get("X-Autoreply") != "" || strings.EqualFold(firstToken(h.Get("Precedence")), "auto_reply")
}
