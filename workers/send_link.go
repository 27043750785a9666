package workers

import (
	"context"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/intake"
	"github.com/afterchat/afterchat/internal/store"
	"github.com/afterchat/afterchat/templates"
)

// optedOut is the code with which a vendor says that this number wants nothing more.
const optedOut = "opted_out"

// sendLink sends a conversation link by SMS or mail. The link's token is derived here;
// the database has only its hash.
func (w *Worker) sendLink(ctx context.Context, j job) store.Outcome {
	link, err := w.Store.Link(ctx, j.Organization, j.Params.Link)
	if err != nil {
		return unmade(j, err)
	}
	token, err := w.Keys.LinkTokenFor(link.ID, link.Generation, link.TokenHash)
	if err != nil {
		return unmade(j, err)
	}
	locales, err := w.Store.Locales(ctx, j.Organization, j.Conversation)
	if err != nil {
		return unmade(j, err)
	}
	message, err := w.linkMessage(j, link, token, append(locales, j.organization.Locale))
	if err != nil {
		return unmade(j, err)
	}
	o := w.send(ctx, j, message, func(ctx context.Context) (store.Outcome, bool) {
		if link.State != chat.LinkOpen {
			return ended(j, chat.Cancelled, "link_"+string(link.State), "the link does not work any more"), false
		}
		return w.mayWrite(ctx, j, j.Params.Channel, j.Params.To)
	})
	if fault.CodeOf(o.Err) == optedOut {
		if err := w.Store.Suppress(ctx, j.Organization, chat.ChannelSMS, j.Params.To, "stop"); err != nil {
			return unmade(j, err)
		}
		o.End = chat.Suppressed
	}
	return o
}

// linkMessage renders the message. What makes it unique is the token and not the whole
// URL, so that it is found although public_url was changed since it was sent.
func (w *Worker) linkMessage(j job, link chat.Link, token string, locales []string) (connectors.Outgoing, error) {
	view := templates.LinkView{
		Brand: brand(j.organization), Purpose: link.Purpose, URL: intake.LinkURL(w.PublicURL, token), Locale: templates.FirstSpoken(locales...),
		ExpiresAt: link.ExpiresAt, Location: j.organization.Location(),
	}
	m := connectors.Outgoing{Key: j.ID, To: j.Params.To, Unique: token, Thread: j.Organization + "/" + j.Conversation}
	if j.Params.Channel == chat.ChannelSMS {
		m.StatusURL = w.PublicURL + "/webhooks/twilio/" + j.Organization + "/status?delivery=" + j.ID.String()
		var err error
		m.Text, err = w.Renderer.For(j.Organization).LinkSMS(view)
		return m, err
	}
	letter, err := w.Renderer.For(j.Organization).LinkMail(view)
	m.Subject, m.Text, m.HTML = letter.Subject, letter.Text, letter.HTML
	return m, err
}
