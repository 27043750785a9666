package workers

import (
	"context"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/plan"
	"github.com/afterchat/afterchat/internal/store"
)

// amendTicket brings contact data that came late to the ticket: its requester is set
// where the desk can, and whatever that cannot hold becomes an internal comment.
func (w *Worker) amendTicket(ctx context.Context, j job) store.Outcome {
	contact, err := w.Store.LateContact(ctx, j.Claimed)
	if err != nil {
		return unmade(j, err)
	}
	if j.Ticket == nil {
		return unmade(j, fault.New(fault.Transient, "no_ticket", "the ticket is not there yet"))
	}
	desk := w.ticketDesk(j)
	if desk != nil && desk.SetsRequester() && plan.GoodAddress(contact.Email) {
		p := connectors.Person{Name: contact.Name, Email: contact.Email, Phone: contact.Phone}
		err := desk.SetRequester(ctx, j.Ticket.Ref, p)
		if err != nil && retryable(err) {
			return unmade(j, repeatable(err))
		}
		if err == nil && len(contact.Answers) == 0 {
			return delivered(j.Ticket.Ref)
		}
	}
	body, err := w.Renderer.For(j.Organization).Amendment(contact, j.organization.Locale)
	if err != nil {
		return unmade(j, err)
	}
	return w.comment(ctx, j, body)
}

// repeatable turns an unknown outcome of a call that may be repeated at will into one
// that just did not work yet.
func repeatable(err error) error {
	if fault.Is(err, fault.Ambiguous) {
		return fault.Wrap(fault.Transient, fault.CodeOf(err), "the requester may not be set yet", err)
	}
	return err
}
