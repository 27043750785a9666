package workers

import (
	"context"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store"
	"github.com/afterchat/afterchat/templates"
)

// attachNotes adds the agents' notes to the ticket as one internal comment: all of the
// episode's, or the one that came late.
func (w *Worker) attachNotes(ctx context.Context, j job) store.Outcome {
	body, err := w.notes(ctx, j)
	if err != nil {
		return unmade(j, err)
	}
	return w.comment(ctx, j, body)
}

func (w *Worker) notes(ctx context.Context, j job) (string, error) {
	snapshot, err := w.Store.Frozen(ctx, j.Claimed)
	if err != nil {
		return "", err
	}
	view := templates.ForInternal(snapshot, RenderOptions(j.organization, j.Ticket))
	if j.Params.Note == "" {
		return w.Renderer.For(j.Organization).Notes(view)
	}
	note, err := w.Store.LateNote(ctx, j.Claimed)
	if err != nil {
		return "", err
	}
	return w.Renderer.For(j.Organization).LateNote(view, note)
}

// comment adds one internal comment to the conversation's ticket.
func (w *Worker) comment(ctx context.Context, j job, body string) store.Outcome {
	if j.Ticket == nil {
		return unmade(j, fault.New(fault.Transient, "no_ticket", "the ticket is not there yet"))
	}
	desk := w.ticketDesk(j)
	if desk == nil {
		return unmade(j, fault.New(fault.Transient, "not_configured", "the ticket's desk is not configured"))
	}
	if !desk.Traits().PrivateComments {
		return ended(j, chat.Suppressed, "no_private_comments", "the desk has no private comments")
	}
	j = j.at(desk, chat.AttachNotes)
	comment := connectors.Comment{Key: j.ID, Body: body}
	o := once(ctx, j,
		func(ctx context.Context) (chat.Ref, error) { return desk.FindComment(ctx, j.Ticket.Ref, j.ID) },
		func(ctx context.Context) (chat.Ref, error) { return desk.AddComment(ctx, j.Ticket.Ref, comment) })
	if o.Closed = !o.Open && isClosed(o.Err); o.Closed {
		o.Gone = fault.Is(o.Err, fault.NotFound)
		o.Err = fault.Wrap(fault.Conflict, chat.TicketClosed, "the ticket is closed for good, or gone", o.Err)
	}
	return o
}

// isClosed reports whether an error of AddComment says that the ticket takes nothing more.
func isClosed(err error) bool { return fault.Is(err, fault.Conflict) || fault.Is(err, fault.NotFound) }
