package bounce

import "strings"

// What a receipt says of a mail that was sent.
const (
	Delayed    = "delayed"
	Relayed    = "relayed"  // handed to a system that reports nothing
	Expanded   = "expanded" // handed to a list
	Delivered  = "delivered"
	Bounced    = "bounced"
	Complained = "complained"
)

// Verdict is what happened to a mail: one of the words above and, where it is known,
// the enhanced status code (RFC 3463). Without a word nothing is known to have happened.
type Verdict struct{ Word, Status string }

// Receipt is the verdict as a delivery's receipt has it: "bounced 5.1.1", "complained".
func (v Verdict) Receipt() string { return strings.TrimSpace(v.Word + " " + v.Status) }

// Suppresses returns why no more mail may go to the address, "" if it may. A complaint
// does, and so does a failure that is about the address and for good. Mail that was
// given up after some days (4.x.x), that was too large (5.3.4, 5.2.3), refused by a
// policy (5.7.x) or met a full mailbox (5.2.2) may arrive another time.
func (v Verdict) Suppresses() string {
	switch {
	case v.Word == Complained, v.Word == Bounced && badAddress[v.Status]:
		return v.Word
	}
	return ""
}

// badAddress are the codes by which a server says that there is nobody at an address:
// RFC 3463, 3.2 to 3.5, and RFC 7505 (5.1.10).
var badAddress = map[string]bool{
	"5.1.1":  true, // no such mailbox
	"5.1.2":  true, // no such domain
	"5.1.3":  true, // not an address
	"5.1.6":  true, // moved, nobody says where to
	"5.1.10": true, // the domain takes no mail
	"5.2.1":  true, // the mailbox is disabled
	"5.4.4":  true, // no route: what Postfix says of a domain that there is not
}

// severity orders verdicts by how far the mail did not get.
func (v Verdict) severity() int {
	switch v.Word {
	case Delivered:
		return 0
	case Relayed, Expanded:
		return 1
	case Delayed:
		return 2
	}
	if v.permanent() {
		return 4
	}
	return 3
}

func (v Verdict) permanent() bool { return strings.HasPrefix(v.Status, "5.") }

// Newer reports whether one receipt is news after another. Reports come in any order and
// more than once; what is known only moves forward, from a delay to a complaint.
func Newer(old, latest string) bool { return rank(latest) > rank(old) }

func rank(receipt string) int {
	word, status, _ := strings.Cut(receipt, " ")
	switch word {
	case Delayed:
		return 1
	case Relayed, Expanded:
		return 2
	case Delivered:
		return 3
	case Bounced:
		if (Verdict{word, status}).permanent() {
			return 5
		}
		return 4
	case Complained:
		return 6
	}
	return 0
}
