package twilio

import "github.com/afterchat/afterchat/internal/fault"

// codeOptedOut: the person has said STOP (https://www.twilio.com/docs/api/errors/21610).
const codeOptedOut = 21610

// KindOf returns what one of Twilio's error codes means for a message, of those at
// https://www.twilio.com/docs/api/errors that concern messages, and whether it is known.
// Codes from 30001 on come with a status callback, the others with an answer.
func KindOf(code int) (fault.Kind, bool) {
	switch code {
	case 21211, 21214, 21217, 21219, 21408, 21610, 21612, 21614, 30004, 30005, 30006: // the recipient
		return fault.Invalid, true
	case 21602, 21603, 21604, 21605, 21606, 21608, 21609, 21617, 21618, 21620, 21623,
		21701, 21703, 21704, 21705, 21910, 30007, 30024, 30032, 30034: // the content, the sender
		return fault.Invalid, true
	case 10001, 20003, 20005, 20006, 20008, 20403, 20404, 30002, 30023, 63038: // the account
		return fault.Denied, true
	case 20429:
		return fault.RateLimited, true
	case 14107, 21611, 30001, 30003, 30008, 30022: // a queue is full, a telephone is off
		return fault.Transient, true
	case 20500, 20503: // Twilio itself does not know
		return fault.Ambiguous, true
	}
	return 0, false
}
