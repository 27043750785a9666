package smtp

import (
	"strings"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/fault"
)

// parseReturnPath reads the address that all bounces go to. It is plain ASCII, so that
// no server on a bounce's way needs SMTPUTF8, and short enough for what is put into it.
func parseReturnPath(s string) (mailbox, error) {
	m, err := parseMailbox(s)
	bad := fault.New(fault.Invalid, "bad_address", "is not an address to put a mail's key into").At("return_path")
	if err != nil || m.name != "" || m.utf8 || strings.HasPrefix(m.address, `"`) {
		return mailbox{}, bad
	}
	if strings.LastIndexByte(m.address, '@') > connectors.MaxReturnLocal {
		return mailbox{}, bad
	}
	return m, nil
}

// envelopeSender is where the bounces of a mail go: to an address of its own, or, where
// nobody takes bounces, to whom the mail is from.
func (c *Client) envelopeSender(m connectors.Outgoing) string {
	if c.bounces.address == "" {
		return c.from.address
	}
	return connectors.ReturnPath(c.bounces.address, bounceMark(m))
}

func bounceMark(m connectors.Outgoing) connectors.BounceMark {
	return connectors.BounceMark{Key: m.Key, Tag: m.BounceTag}
}
