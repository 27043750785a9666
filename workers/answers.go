package workers

import (
	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
)

// intoTicket has answers to a customer's transcript land in the conversation's ticket,
// where its desk can take them and the ticket is known by now. An answer to an internal
// transcript would be read by the customer, so that goes where the mail's settings say.
func (w *Worker) intoTicket(j job, m connectors.Outgoing) connectors.Outgoing {
	if j.Ticket == nil || j.Params.Audience == chat.Internal || w.ticketDesk(j) == nil {
		return m
	}
	desk, ok := j.organization.Desks[j.Ticket.Desk].(connectors.Answering)
	if !ok {
		return m
	}
	replyTo, tag := desk.AnswerSettings().For(j.Ticket.ID)
	m.ReplyTo = replyTo
	if tag != "" {
		m.Subject = tag + " " + m.Subject
	}
	return m
}
