package bounce

import (
	"bufio"
	"errors"
	"io"
	"regexp"
	"strings"

	"github.com/emersion/go-message/textproto"
)

// groups reads fields like a header's, in groups with empty lines between them (RFC
// 3464, 2.1). Values may be UTF-8 (RFC 6533). A line that is no field ends its group.
func groups(r io.Reader) []textproto.Header {
	in := bufio.NewReader(io.LimitReader(r, maxFields))
	var out []textproto.Header
	for range maxGroups {
		h, err := textproto.ReadHeader(in)
		if h.Len() > 0 {
			out = append(out, h)
		}
		if errors.Is(err, io.EOF) {
			break
		}
	}
	return out
}

// statusVerdict reads the groups of a delivery status. A mail goes to one recipient; a
// report about several is of an alias behind it, and the mildest says whether anybody
// there got the mail.
func statusVerdict(groups []textproto.Header) Verdict {
	var mildest Verdict
	for _, g := range groups {
		v := recipientVerdict(g)
		if v.Word != "" && (mildest.Word == "" || v.severity() < mildest.severity()) {
			mildest = v
		}
	}
	return mildest
}

// recipientVerdict reads one recipient's fields (RFC 3464, 2.3).
func recipientVerdict(g textproto.Header) Verdict {
	word, ok := words[strings.ToLower(firstToken(g.Get("Action")))]
	if !ok {
		return Verdict{}
	}
	v := Verdict{Word: word, Status: firstToken(g.Get("Status"))}
	if !enhanced.MatchString(v.Status) {
		v.Status = ""
	}
	if v.Status == "" || strings.HasSuffix(v.Status, ".0.0") {
		if m := diagnosed.FindStringSubmatch(g.Get("Diagnostic-Code")); m != nil && (v.Status == "" || v.Status[0] == m[1][0]) {
			v.Status = m[1]
		}
	}
	if word == Bounced && strings.HasPrefix(v.Status, "2") { // it says both
		v.Status = ""
	}
	return v
}

var (
	// enhanced is a status code of RFC 3463.
	enhanced = regexp.MustCompile(`^[245]\.[0-9]{1,3}\.[0-9]{1,3}$`)
	// diagnosed finds it in a server's reply, "smtp; 550-5.1.1 …": some servers know no
	// more than 5.0.0 themselves and quote the one that did.
	diagnosed = regexp.MustCompile(`\b[45][0-9]{2}[ -]#?([45]\.[0-9]{1,3}\.[0-9]{1,3})\b`)
)

// words are the receipts of RFC 3464's actions.
var words = map[string]string{
	"failed": Bounced, "delayed": Delayed, "delivered": Delivered, "relayed": Relayed, "expanded": Expanded,
}

// feedbackVerdict reads a feedback report's fields (RFC 5965, 3). A report that says
// "not spam", or is about a forged sender or a virus, is not a user's complaint.
func feedbackVerdict(groups []textproto.Header) Verdict {
	for _, g := range groups {
		switch strings.ToLower(firstToken(g.Get("Feedback-Type"))) {
		case "abuse", "fraud", "opt-out", "opt-out-list":
			return Verdict{Word: Complained}
		}
	}
	return Verdict{}
}

// firstToken is a value without the comment that may follow it.
func firstToken(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "(")
	first, _, _ := strings.Cut(strings.TrimSpace(s), " ")
	return strings.TrimRight(first, ";")
}
