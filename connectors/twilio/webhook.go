package twilio

import (
	"net/url"

	"github.com/twilio/twilio-go/client"
)

// ValidateSignature reports whether Twilio signed a webhook request with this account's
// token (https://www.twilio.com/docs/usage/security#validating-requests). The URL is the
// public one, as Twilio was given it, query included; params are the form's.
func (c *Client) ValidateSignature(publicURL string, params url.Values, signature string) bool {
	first := make(map[string]string, len(params))
	for name := range params {
		first[name] = params.Get(name)
	}
	validator := client.NewRequestValidator(c.token)
	return validator.Validate(publicURL, first, signature)
}

// Newer reports whether a message's status may follow an older one. Callbacks come in
// any order, and states only move forward. An empty old status is older than all; a
// status that is not known follows none.
func Newer(old, status string) bool { return rank(status) > rank(old) }

// rank orders the statuses of
// https://www.twilio.com/docs/messaging/api/message-resource#message-status-values.
func rank(status string) int {
	switch status {
	case "accepted", "scheduled":
		return 1
	case "queued":
		return 2
	case "sending":
		return 3
	case "sent":
		return 4
	case "delivered", "partially_delivered", "undelivered", "failed", "canceled":
		return 5
	case "read":
		return 6
	default:
		return 0
	}
}
