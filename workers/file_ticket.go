package workers

import (
	"context"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
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
	ticket, err := w.ticket(j, snapshot)
	if err != nil {
		return unmade(j, err)
	}
	if j.Ticket == nil || j.OwnTicket {
		return w.createTicket(ctx, j, ticket)
	}
	desk := w.Accounts.Account(j.Organization, j.Ticket.Desk)
	if desk == nil {
		ticket.FollowUpOf = &j.Ticket.Ref
		return w.replaceTicket(ctx, j, ticket)
	}
	return w.appendToTicket(ctx, j, desk, ticket)
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

// replaceTicket files a new ticket that links to the old one, which is gone or closed.
func (w *Worker) replaceTicket(ctx context.Context, j job, t connectors.Ticket) store.Outcome {
	o := w.createTicket(ctx, j, t)
	o.Replaces = o.Err == nil
	return o
}

// appendToTicket adds the episode to the ticket. When the ticket turns out to be closed
// for good or gone, the addition has not happened, and a new ticket follows.
func (w *Worker) appendToTicket(ctx context.Context, j job, desk *connectors.Account, t connectors.Ticket) store.Outcome {
	old := j.Ticket.Ref
	j.account = desk
	comment := connectors.Comment{Key: j.ID, Body: t.Subject + "\n\n" + t.Body, Public: t.Public || !desk.Traits().PrivateComments}
	follow := t
	follow.FollowUpOf = &old
	if j.LookFirst {
		// An earlier try may have gone either way.
		ref, err := desk.FindTicket(ctx, j.ID)
		switch {
		case err == nil:
			o := delivered(ref)
			o.Ticket, o.Replaces = &chat.TicketRef{Desk: j.Ticket.Desk, Ref: ref}, true
			return o
		case !fault.Is(err, fault.NotFound):
			return open(j, err)
		}
	}
	o := once(ctx, j,
		func(ctx context.Context) (chat.Ref, error) { return desk.FindComment(ctx, old, j.ID) },
		func(ctx context.Context) (chat.Ref, error) { return desk.AddComment(ctx, old, comment) })
	switch {
	case o.Err == nil:
		o.Ref = old
		return o
	case fault.Is(o.Err, fault.Conflict), fault.Is(o.Err, fault.NotFound):
		ref, err := desk.CreateTicket(ctx, follow)
		if err != nil {
			return failed(j, err)
		}
		o = delivered(ref)
		o.Ticket, o.Replaces = &chat.TicketRef{Desk: j.Ticket.Desk, Ref: ref}, true
	}
	return o
}

// ticket renders the ticket. What the requester could see is rendered for customers.
func (w *Worker) ticket(j job, s chat.Snapshot) (connectors.Ticket, error) {
	o := options(j.organization, nil)
	p := j.Params
	public := p.Audience == chat.Customer || !j.account.Traits().PrivateComments
	t := connectors.Ticket{
		Key: j.ID, Public: public, Group: p.Group, Priority: p.Priority, Tags: p.Tags, Fields: p.Fields,
		Requester: person(s.User, j.Target),
	}
	var err error
	if public {
		t.Subject, t.Body, err = w.Renderer.TicketForCustomer(templates.ForCustomer(s, o))
	} else {
		t.Subject, t.Body, err = w.Renderer.TicketForInternal(templates.ForInternal(s, o))
	}
	return t, err
}

// person is the user as a desk may know them.
func person(u chat.User, desk string) connectors.Person {
	return connectors.Person{Name: u.Name, Email: u.Email, Phone: u.Phone, ExternalID: u.ExternalIDs[desk]}
}
