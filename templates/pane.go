package templates

import (
	"cmp"
	htmltemplate "html/template"
	"io"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
)

// PanePage is the agent's details pane. Agents may be empty: their ids stand in then.
type PanePage struct {
	Brand        Brand
	Conversation string
	Messages     []chat.Message
	Notes        []chat.Note
	Form         []chat.Answer
	Flags        []chat.Flag
	User         chat.User
	Agents       []chat.Agent
	Prior        []PanePrior
	Deliveries   []Delivery
	Links        []PaneLink
	Forms        PaneForms
	// Locale and Location are the organization's.
	Locale   string
	Location *time.Location
}

// PanePrior is what one desk knows of the user. State is fresh, stale, pending or
// unavailable; Error says why.
type PanePrior struct {
	Desk, State, Error string
	Tickets            []chat.PriorTicket
}

// PaneLink is one link of the conversation.
type PaneLink struct {
	ID, State, Purpose string
	ExpiresAt          time.Time
}

// panePage is what the template gets: rows that are ready to print.
type panePage struct {
	Brand      Brand
	T          *words
	Style      htmltemplate.CSS
	Title      string
	Reload     bool
	Done, URL  string
	Refused    *paneRefused
	User, Form []Fact
	Flags      []Fact
	Prior      []paneDesk
	Notes      htmltemplate.HTML
	Messages   htmltemplate.HTML
	Deliveries []paneRow
	Links      []paneRow
	// The forms are nil where there is none, and so is Settle in a row.
	Note, Transcript, Link *paneForm
	// TooEarly says why there is no form for a transcript yet.
	TooEarly string
}

type paneDesk struct {
	Desk, Remark string
	Tickets      []paneRow
	// Empty is true when the desk has answered and knows no ticket.
	Empty bool
}

// paneRow is one line: what it is, its state, a web address, remarks, and what somebody
// wrote along with it.
type paneRow struct {
	Title, State, Class, URL, Note string
	Remarks                        []string
	Settle                         *paneForm
}

// Pane writes the pane as a page for an iframe, without scripts. Its forms POST to the
// page's own address with the query do: note, transcript, link or settle. Serve it with
// PanePolicy.
func (r *Renderer) Pane(w io.Writer, p PanePage) error {
	t := r.words(p.Locale)
	v := ForInternal(chat.Snapshot{
		ID: p.Conversation, Messages: p.Messages, Notes: p.Notes, Form: p.Form, Flags: p.Flags, User: p.User, Agents: p.Agents,
	}, Options{Brand: p.Brand, Location: p.Location})
	page := panePage{
		Brand: p.Brand, T: t, Style: r.pageStyle(p.Brand), Title: fill(t.Pane.Title, "{number}", t.isolate(v.Number)),
		User: t.userFacts(v.User), Form: t.answers(v.Form), Flags: t.flagFacts(v.Flags),
		Messages: conversation{v.Entries, &t.Internal, t, v.Location}.page(),
	}
	if len(v.Notes) > 0 {
		page.Notes = conversation{v.Notes, &t.Internal, t, v.Location}.page()
	}
	for _, prior := range p.Prior {
		page.Prior = append(page.Prior, t.paneDesk(prior, v.Location))
	}
	for _, d := range p.Deliveries {
		row := t.paneDelivery(d, v.Location)
		row.Settle = t.settleForm(p.Forms, d)
		page.Deliveries = append(page.Deliveries, row)
	}
	for _, l := range p.Links {
		page.Links = append(page.Links, t.paneLink(l, v.Location))
	}
	page.addForms(p)
	return r.writePage(w, "pages/pane.html", page)
}

// PanePolicy returns the pane's Content-Security-Policy but for frame-ancestors, which
// the caller adds: only it knows who may embed the pane.
func (r *Renderer) PanePolicy(p PanePage) string {
	form := "'none'"
	if p.HasForms() {
		form = "'self'"
	}
	return r.policy(p.Brand) + "; form-action " + form
}

func (w *words) paneDesk(p PanePrior, l *time.Location) paneDesk {
	desk := paneDesk{Desk: w.isolate(line(p.Desk))}
	switch p.State {
	case "stale":
		desk.Remark = w.Pane.Stale
	case "pending":
		desk.Remark = w.Pane.Pending
	case "unavailable":
		desk.Remark = fill(w.Pane.Unavailable, "{error}", w.isolate(line(p.Error)))
	}
	desk.Empty = len(p.Tickets) == 0 && desk.Remark == ""
	for _, t := range p.Tickets {
		row := paneRow{
			Title: w.isolate(line(cmp.Or(t.Subject, t.ID))), State: w.isolate(line(t.Status)), Class: stateClass(t.Status), URL: webURL(t.URL),
			Remarks: remarks(w.isolate(line(t.ID)), w.isolate(line(t.Priority))),
		}
		if !t.CreatedAt.IsZero() {
			row.Remarks = append(row.Remarks, w.stamp(t.CreatedAt, l))
		}
		if !t.UpdatedAt.IsZero() && !t.UpdatedAt.Equal(t.CreatedAt) {
			row.Remarks = append(row.Remarks, fill(w.Pane.Updated, "{when}", w.stamp(t.UpdatedAt, l)))
		}
		if t.MatchedBy != "" {
			row.Remarks = append(row.Remarks, fill(w.Pane.MatchedBy, "{what}", w.isolate(line(t.MatchedBy))))
		}
		desk.Tickets = append(desk.Tickets, row)
	}
	return desk
}

func (w *words) paneDelivery(d Delivery, l *time.Location) paneRow {
	return paneRow{
		Title: known(w.Pane.Actions, line(d.Action)), State: known(w.Pane.States, line(d.State)), Class: stateClass(d.State),
		URL: webURL(d.URL), Note: block(d.Note),
		Remarks: remarks(w.isolate(line(d.Target)), w.isolate(line(d.To)), known(w.Pane.Audiences, line(d.Audience)), w.asked(d),
			w.isolate(line(d.Receipt)), w.isolate(line(d.Ref)), w.heldBy(d), w.since(d, l)),
	}
}

func (w *words) paneLink(p PaneLink, l *time.Location) paneRow {
	row := paneRow{Title: known(w.Pane.Purposes, line(p.Purpose)), State: line(p.State), Class: stateClass(p.State), Remarks: remarks(w.isolate(line(p.ID)))}
	if !p.ExpiresAt.IsZero() {
		row.Remarks = append(row.Remarks, fill(w.Pane.Expires, "{when}", w.stamp(p.ExpiresAt, l)))
	}
	return row
}

func remarks(values ...string) []string {
	var kept []string
	for _, v := range values {
		if v != "" {
			kept = append(kept, v)
		}
	}
	return kept
}

// stateClass picks a colour for the states that ask for attention, or for none.
func stateClass(state string) string {
	switch state {
	case "delivered", "open", "solved", "closed", "resolved":
		return "good"
	case "failed", "unknown":
		return "bad"
	default:
		return "plain"
	}
}
