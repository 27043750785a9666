package smtp

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/afterchat/afterchat/connectors"
)

// messageIDs are those that are put into a header: dot-atoms (RFC 5322, 3.6.4), and none
// so long that its line could not be folded. What a person gave for one may be anything.
var messageIDs = regexp.MustCompile(`^<[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,128}@[A-Za-z0-9.-]{1,255}>$`)

// writeThread puts a mail into its conversation's thread: References names the
// conversation and then the mails before this one, and In-Reply-To the last of those.
// The conversation's own name keeps mails together of which none can tell the other.
func (c *Client) writeThread(b *bytes.Buffer, m connectors.Outgoing) {
	var references []string
	if m.Thread != "" {
		references = append(references, c.threadID(m.Thread))
	}
	last := ""
	for _, id := range m.Earlier {
		if messageIDs.MatchString(id) {
			last = id
			references = append(references, id)
		}
	}
	if last != "" {
		writeHeader(b, "In-Reply-To", last)
	}
	if len(references) > 0 {
		writeHeader(b, "References", strings.Join(references, " "))
	}
}

// threadID names the conversation for mail clients. No mail has it as its own id, and
// it tells nobody the chat core's id.
func (c *Client) threadID(thread string) string {
	sum := sha256.Sum256([]byte(c.from.address + "\x00" + thread))
	return "<" + hex.EncodeToString(sum[:16]) + "@" + c.from.domain + ">"
}
