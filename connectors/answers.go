package connectors

import (
	"net/mail"
	"strings"
	"unicode"
)

// ticketHole is where a ticket's id goes in the texts of Answers.
const ticketHole = "{ticket}"

// maxTag is the longest subject tag, in bytes.
const maxTag = 100

// Answers say how an answer to a mail finds its way into a ticket. Desks that take mail
// in embed it inline in their settings.
type Answers struct {
	ReplyTo    string `yaml:"reply_to,omitempty" json:"reply_to,omitempty" jsonschema_description:"Where answers to a customer's transcript go once its ticket is known, as support+id{ticket}@acme.zendesk.com. Default: the mail's own reply_to."`
	SubjectTag string `yaml:"subject_tag,omitempty" json:"subject_tag,omitempty" jsonschema_description:"Put before such a transcript's subject, for a desk that finds the ticket by it, as [acme.example #{ticket}]."`
}

// Answering is taken up by the settings of desks that embed Answers.
type Answering interface {
	AnswerSettings() Answers
}

// AnswerSettings returns the settings themselves.
func (a Answers) AnswerSettings() Answers { return a }

// For returns the address and the subject's tag for a ticket, empty where there is none;
// nor is there an address when the id would not make one.
func (a Answers) For(ticket string) (replyTo, tag string) {
	if ticket == "" {
		return "", ""
	}
	replyTo = strings.ReplaceAll(a.ReplyTo, ticketHole, ticket)
	if !isMailbox(replyTo) {
		replyTo = ""
	}
	return replyTo, strings.ReplaceAll(a.SubjectTag, ticketHole, ticket)
}

// Examine checks both texts with a ticket's id in them.
func (a Answers) Examine() []Finding {
	var found []Finding
	if a.ReplyTo != "" {
		switch {
		case !isMailbox(strings.ReplaceAll(a.ReplyTo, ticketHole, "1")):
			found = append(found, Finding{Field: "reply_to", Message: "must be an address once {ticket} is filled in, as support+id{ticket}@acme.zendesk.com"})
		case !strings.Contains(a.ReplyTo, ticketHole) && a.SubjectTag == "":
			found = append(found, Finding{Field: "reply_to", Message: "needs {ticket} in it, or a subject_tag that has it: an answer could not be told from others"})
		}
	}
	if a.SubjectTag != "" && (!strings.Contains(a.SubjectTag, ticketHole) || len(a.SubjectTag) > maxTag || strings.ContainsFunc(a.SubjectTag, unicode.IsControl)) {
		found = append(found, Finding{Field: "subject_tag", Message: "must be a short line with {ticket} in it, as [acme.example #{ticket}]"})
	}
	return found
}

func isMailbox(s string) bool {
	_, err := mail.ParseAddress(s)
	return err == nil && !strings.ContainsAny(s, "\r\n") && !strings.HasSuffix(strings.TrimSpace(s), ";") // a group
}
