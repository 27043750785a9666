package workers

import (
	"cmp"
	"context"
	"strings"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/plan"
	"github.com/afterchat/afterchat/internal/store"
	"github.com/afterchat/afterchat/templates"
)

// fileTicket files the conversation's ticket, or adds a later episode to it. The claim
// has decided under the conversation's lock which of the two it is.
func (w *Worker) fileTicket(ctx context.Context, j job) store.Outcome {
	snapshot, err := w.Store.Frozen(ctx, j.Claimed)
	if err != nil {
		return unmade(j, err)
	}
	if j.Params.FollowUp != "" {
		return w.followUp(ctx, j, snapshot)
	}
	add := j.Ticket != nil && !j.OwnTicket
	desk, gone := j.Target, false
	if add {
		if there := w.ticketDesk(j); there != nil {
			desk, j = j.Ticket.Desk, j.at(there, chat.FileTicket)
		} else {
			gone = true
		}
	}
	ticket, err := w.ticket(j, desk, snapshot)
	switch {
	case err != nil:
		return unmade(j, err)
	case gone:
		return w.replaceTicket(ctx, j, ticket)
	case add:
		return w.appendToTicket(ctx, j, ticket)
	}
	return w.createTicket(ctx, j, ticket)
}

// ticketDesk is the account where the conversation's ticket is, nil if today's
// configuration has none: its desk was removed, or is another system by now.
func (w *Worker) ticketDesk(j job) *connectors.Account {
	desk := w.Accounts.Account(j.Organization, j.Ticket.Desk)
	if desk == nil || !desk.Holds(j.Ticket.Ref) {
		return nil
	}
	return desk
}

func (w *Worker) createTicket(ctx context.Context, j job, t connectors.Ticket) store.Outcome {
	o := once(ctx, j,
		func(ctx context.Context) (chat.Ref, error) { return j.account.FindTicket(ctx, j.ID) },
		func(ctx context.Context) (chat.Ref, error) { return j.account.CreateTicket(ctx, t) })
	if o.Err == nil {
		o.Ticket = &chat.TicketRef{Desk: j.Target, Ref: o.Ref}
	}
	return o
}

// replaceTicket files a new ticket that links to the old one, whose desk is gone. The
// link is text: this desk does not know the other's numbers.
func (w *Worker) replaceTicket(ctx context.Context, j job, t connectors.Ticket) store.Outcome {
	t.Body = naming(j.Ticket, t.Body)
	o := w.createTicket(ctx, j, t)
	o.Replaces = o.Err == nil
	return o
}

// naming puts a link to a ticket above a text.
func naming(ticket *chat.TicketRef, text string) string {
	return "\u2192 " + cmp.Or(ticket.URL, ticket.Desk+" "+ticket.ID) + "\n\n" + text
}

// appendToTicket adds the episode to the ticket, at the job's account. When the ticket
// turns out to be closed for good or gone, the addition has not happened, and a new
// ticket follows; so an earlier try may have gone either way.
func (w *Worker) appendToTicket(ctx context.Context, j job, t connectors.Ticket) store.Outcome {
	desk, old := j.account, j.Ticket.Ref
	comment := connectors.Comment{Key: j.ID, Body: t.Subject + "\n\n" + t.Body, Public: t.Public}
	if j.LookFirst {
		if j.SinceLastCall < j.promise.Lag {
			return tooEarly(j)
		}
		ref, err := desk.FindTicket(ctx, j.ID)
		switch {
		case err == nil:
			return replaced(j, ref)
		case !fault.Is(err, fault.NotFound):
			return open(j, err)
		}
	}
	o := once(ctx, j.at(desk, chat.AttachNotes),
		func(ctx context.Context) (chat.Ref, error) { return desk.FindComment(ctx, old, j.ID) },
		func(ctx context.Context) (chat.Ref, error) { return desk.AddComment(ctx, old, comment) })
	switch {
	case o.Err == nil:
		o.Ref = old
	case isClosed(o.Err):
		if fault.Is(o.Err, fault.Conflict) {
			t.FollowUpOf = &old
		} else { // a desk cannot follow up what it does not have
			t.Body = naming(j.Ticket, t.Body)
		}
		ref, err := desk.CreateTicket(ctx, t)
		if err != nil {
			return failed(j, err)
		}
		return replaced(j, ref)
	}
	return o
}

// followUp files a ticket that follows a closed one, for what came too late for that: late
// notes and contact data wait for it. The chat's user does not hear of it.
func (w *Worker) followUp(ctx context.Context, j job, s chat.Snapshot) store.Outcome {
	closed := j.Ticket != nil && j.Ticket.ID == j.Params.FollowUp
	if !closed && !j.LookFirst {
		return ended(j, chat.Suppressed, "ticket_replaced", "the conversation has another ticket by now")
	}
	t, err := w.ticket(j, j.Target, s)
	if err != nil {
		return unmade(j, err)
	}
	t.Quiet = true
	switch {
	case j.Params.Gone: // a desk cannot follow up what it does not have
		t.Body = naming(j.Ticket, t.Body)
	case closed:
		t.FollowUpOf = &j.Ticket.Ref
	}
	o := w.createTicket(ctx, j, t)
	o.Replaces = o.Err == nil
	return o
}

// replaced is the outcome when a new ticket took the place of the old one, at its desk.
func replaced(j job, ref chat.Ref) store.Outcome {
	o := delivered(ref)
	o.Ticket, o.Replaces = &chat.TicketRef{Desk: j.Ticket.Desk, Ref: ref}, true
	return o
}

// ticket renders the ticket for the desk that it goes to. What the requester could see
// there is rendered for customers. Groups and fields are those of the desk that the rule
// names; another one may have the conversation's ticket.
func (w *Worker) ticket(j job, desk string, s chat.Snapshot) (connectors.Ticket, error) {
	o := RenderOptions(j.organization, nil)
	p := j.Params
	public := p.Audience == chat.Customer || !j.account.Traits().PrivateComments
	t := connectors.Ticket{
		Key: j.ID, Public: public, Priority: p.Priority, Tags: p.Tags,
		Requester: person(s.User, desk, j.account),
	}
	if desk == j.Target {
		t.Group, t.Fields = p.Group, p.Fields
	}
	var err error
	if public {
		t.Subject, t.Body, err = w.Renderer.For(j.Organization).TicketForCustomer(templates.ForCustomer(s, o))
	} else {
		t.Subject, t.Body, err = w.Renderer.For(j.Organization).TicketForInternal(templates.ForInternal(s, o))
	}
	return t, err
}

// person is the user as a desk may know them. The chat core may know the desk's own id of
// them by the desk's name or by its type. An address that is no good is left out: a desk
// would refuse the whole ticket for it, and it stands in the ticket's text.
func person(u chat.User, desk string, account *connectors.Account) connectors.Person {
	p := connectors.Person{
		Name: u.Name, Phone: u.Phone, ExternalID: cmp.Or(u.ExternalIDs[desk], u.ExternalIDs[account.Type()]),
	}
	if email := strings.TrimSpace(u.Email); plan.GoodAddress(email) {
		p.Email = email
	}
	return p
}
