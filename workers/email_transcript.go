package workers

import (
	"context"
	"strings"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/plan"
	"github.com/afterchat/afterchat/internal/store"
	"github.com/afterchat/afterchat/templates"
)

// emailTranscript mails one transcript to one recipient.
func (w *Worker) emailTranscript(ctx context.Context, j job) store.Outcome {
	snapshot, err := w.Store.Frozen(ctx, j.Claimed)
	if err != nil {
		return unmade(j, err)
	}
	to, name := j.Params.To, ""
	if to == "" {
		to, name = strings.TrimSpace(snapshot.User.Email), snapshot.User.Name
	}
	if j.Params.Asked && j.Params.Audience == chat.Internal && plan.SameMailbox(to, snapshot.User.Email) {
		return ended(j, chat.Suppressed, fault.CodeOf(plan.InternalToUser()), "the user gets only customer")
	}
	letter, files, err := w.transcript(ctx, j, snapshot)
	if err != nil {
		return unmade(j, err)
	}
	return w.send(ctx, j, intoTicket(j, connectors.Outgoing{
		Key: j.ID, To: to, ToName: name, Subject: letter.Subject, Text: letter.Text, HTML: letter.HTML, Files: files,
		Thread: j.Organization + "/" + j.Conversation,
	}), func(ctx context.Context) (store.Outcome, bool) { return w.mayWrite(ctx, j, chat.ChannelEmail, to) })
}

// transcript renders the audience's transcript, and as pages where the plan says so. It
// gets what goes with it of the files that this audience sees. Whoever is not said to be
// internal is a customer.
func (w *Worker) transcript(ctx context.Context, j job, s chat.Snapshot) (templates.Mail, []connectors.File, error) {
	o := RenderOptions(j.organization, j.Ticket)
	o.Cover = j.Params.Cover
	if j.Params.Audience == chat.Internal {
		var err error
		if o.Deliveries, err = w.deliveries(ctx, j); err != nil {
			return templates.Mail{}, nil, err
		}
	}
	if j.Params.Audience == chat.Internal {
		view := templates.ForInternal(s, o)
		files := w.fetchFiles(ctx, j, view.Entries)
		var err error
		if files, view.NoPDF, err = w.withPages(ctx, j, files, func() templates.Document { return w.Renderer.For(j.Organization).DocumentForInternal(view) }); err != nil {
			return templates.Mail{}, nil, err
		}
		letter, err := w.Renderer.For(j.Organization).TranscriptForInternal(view)
		return letter, append(files, Files(letter.Files)...), err
	}
	view := templates.ForCustomer(s, o)
	files := w.fetchFiles(ctx, j, view.Entries)
	files, noPDF, err := w.withPages(ctx, j, files, func() templates.Document { return w.Renderer.For(j.Organization).DocumentForCustomer(view) })
	if err != nil {
		return templates.Mail{}, nil, err
	}
	view.NoPDF = noPDF
	letter, err := w.Renderer.For(j.Organization).TranscriptForCustomer(view)
	return letter, append(files, Files(letter.Files)...), err
}

// deliveries is what has become of the conversation so far, but for this very mail. A
// mail's own id is not told: it proves to have seen that mail (connectors.BounceMark).
func (w *Worker) deliveries(ctx context.Context, j job) ([]templates.Delivery, error) {
	list, err := w.Store.DeliveriesSoFar(ctx, j.Claimed)
	if err != nil {
		return nil, err
	}
	var out []templates.Delivery
	for _, d := range list {
		if d.ID == j.ID {
			continue
		}
		if d.Target == chat.AccountMail {
			d.Ref.ID = ""
		}
		out = append(out, templates.Delivery{
			Action: string(d.Action), Target: d.Target, State: string(d.State), HeldBy: string(d.Hold),
			Receipt: d.Receipt, Ref: d.Ref.ID, URL: d.Ref.URL, At: d.UpdatedAt,
		})
	}
	return out, nil
}

// Files are what goes with a mail, as a connector takes it.
func Files(attachments []templates.Attachment) []connectors.File {
	var out []connectors.File
	for _, a := range attachments {
		out = append(out, connectors.File{Name: a.Name, ContentType: a.ContentType, Content: a.Content})
	}
	return out
}

// mayWrite checks the address and whether it may be written to. Otherwise it returns
// how the delivery ends.
func (w *Worker) mayWrite(ctx context.Context, j job, channel, to string) (store.Outcome, bool) {
	if to == "" {
		return ended(j, chat.Suppressed, "no_address", "there is nowhere to send it"), false
	}
	if channel == chat.ChannelEmail {
		if !plan.GoodAddress(to) {
			return ended(j, chat.Suppressed, "bad_address", "the address is no good"), false
		}
		to = plan.NormalizeAddress(to)
	}
	reason, err := w.Store.Suppression(ctx, j.Claimed, channel, to)
	if err != nil {
		return unmade(j, err), false
	}
	if reason != "" {
		return ended(j, chat.Suppressed, reason, "it may not be written to"), false
	}
	return store.Outcome{}, true
}

// send sends a message once. Whether it may be sent is asked just before: what may have
// been sent already is looked for in any case.
func (w *Worker) send(ctx context.Context, j job, m connectors.Outgoing, may func(context.Context) (store.Outcome, bool)) store.Outcome {
	var err error
	if m.Earlier, err = w.Store.EarlierMails(ctx, j.Claimed, m.To); err != nil {
		return unmade(j, err)
	}
	m.Since = j.FirstCallAt
	m.BounceTag = w.Keys.BounceMark(j.Organization, j.ID).Tag
	var refused *store.Outcome
	o := once(ctx, j,
		func(ctx context.Context) (chat.Ref, error) { return j.account.FindSent(ctx, m) },
		func(ctx context.Context) (chat.Ref, error) {
			if o, ok := may(ctx); !ok {
				refused = &o
				return chat.Ref{}, o.Err
			}
			return j.account.Send(ctx, m)
		})
	if refused != nil {
		return *refused
	}
	return o
}
