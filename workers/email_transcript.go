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
	if j.Params.Asked && j.Params.Audience == chat.Internal {
		addresses, err := w.Store.AddressesOfUser(ctx, j.Organization, j.Conversation) // may be more by now
		if err != nil {
			return unmade(j, err)
		}
		if plan.IsOneOf(to, addresses) {
			return ended(j, chat.Suppressed, fault.CodeOf(plan.InternalToUser()), "the user gets only customer")
		}
	}
	order, err := w.order(ctx, j, snapshot)
	if err != nil {
		return unmade(j, err)
	}
	var o store.Outcome
	err = w.Shrinking(ctx, order, func(l Letter) bool {
		if l.NoPDF != nil {
			w.Log.WarnContext(ctx, "a transcript goes without its PDF", "delivery", j.ID.String(), "code", fault.CodeOf(l.NoPDF))
		}
		o = w.send(ctx, j, w.intoTicket(j, connectors.Outgoing{
			Key: j.ID, To: to, ToName: name, Subject: l.Subject, Text: l.Text, HTML: l.HTML, Files: l.Files,
			Thread: j.Organization + "/" + j.Conversation,
		}), func(ctx context.Context) (store.Outcome, bool) {
			if o, ok := w.hasNone(ctx, j, to); !ok {
				return o, false
			}
			return w.mayWrite(ctx, j, chat.ChannelEmail, to)
		})
		return TooLarge(o.Err)
	})
	if err != nil {
		return unmade(j, err)
	}
	return o
}

// hasNone checks that what goes to the user by itself is the first of its episode there:
// an address that came after the end may be one that a rule had named. Otherwise it
// returns how the delivery ends.
func (w *Worker) hasNone(ctx context.Context, j job, to string) (store.Outcome, bool) {
	if j.Params.To != "" || j.Params.Asked {
		return store.Outcome{}, true
	}
	same, named := plan.SameToAddress(j.organization, j.Conversation, j.Episode, to)
	if !named {
		return store.Outcome{}, true
	}
	all, err := w.Store.DeliveriesSoFar(ctx, j.Claimed)
	if err != nil {
		return unmade(j, err), false
	}
	for _, d := range all {
		if d.ID == same && d.State != chat.Failed && d.State != chat.Cancelled && d.State != chat.Suppressed {
			return ended(j, chat.Suppressed, "sent_by_rule", "a rule that names this address sends the same"), false
		}
	}
	return store.Outcome{}, true
}

// order asks for the audience's transcript, and as pages where the plan says so.
func (w *Worker) order(ctx context.Context, j job, snapshot chat.Snapshot) (LetterOrder, error) {
	o := RenderOptions(j.organization, j.Ticket)
	o.Cover, o.ToOther = j.Params.Cover, j.Params.ToOther
	if j.Params.Audience == chat.Internal {
		var err error
		if o.Deliveries, err = w.deliveries(ctx, j); err != nil {
			return LetterOrder{}, err
		}
	}
	return LetterOrder{
		Organization: j.organization, Key: j.ID, Snapshot: snapshot, Audience: j.Params.Audience, Options: o,
		PDF: j.Params.PDF, Patient: j.Attempts < pdfTries-1,
	}, nil
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
			To: d.Params.To, Audience: string(d.Reader()), Asked: d.Params.Asked,
		})
	}
	return out, nil
}

// mayWrite checks the address and whether it may be written to. Otherwise it returns
// how the delivery ends.
func (w *Worker) mayWrite(ctx context.Context, j job, channel, to string) (store.Outcome, bool) {
	if to == "" {
		return ended(j, chat.Suppressed, chat.NoAddress, "there is nowhere to send it"), false
	}
	if channel == chat.ChannelEmail {
		if !plan.GoodAddress(to) {
			return ended(j, chat.Suppressed, chat.BadAddress, "the address is no good"), false
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
