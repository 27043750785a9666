package templates

import (
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
)

// Rehearse renders everything with an organization's templates, for each audience and
// with chats of which there is much and little to say, and returns what failed.
func (r *Renderer) Rehearse(o Overrides) []Problem {
	var problems []Problem
	its := r.with(o, func(p Problem) {
		if !slices.Contains(problems, p) {
			problems = append(problems, p)
		}
	})
	full := Options{
		Brand:    Brand{Organization: "Acme Coffee", LogoURL: "https://example.com/logo.png", Color: "#0a7d55", Website: "https://example.com"},
		Location: time.UTC, TicketID: "3507", TicketURL: "https://desk.example.com/3507", Cover: "Here it is.", BodyLimit: 1,
		Deliveries: []Delivery{{Action: "file_ticket", Target: "zd", State: "delivered", Ref: "35", URL: "https://desk.example.com/35", At: Sample().EndedAt}},
	}
	its.own.bounds, its.own.rehearsal = rehearsalBounds(), &rehearsal{tried: map[string]bool{}}
	start := Sample().StartedAt
	bare := chat.Snapshot{ID: "c", Episode: 1, StartedAt: start, Messages: []chat.Message{{ID: "m", At: start, Author: chat.Author{Kind: chat.AuthorUser}}}}
	its.rehearseChat(Sample(), full)
	short := full
	short.BodyLimit, short.Agents = 0, AgentPolicy{Names: NamesSupport}
	for _, end := range []struct{ by, outcome string }{{"user", "resolved"}, {"timeout", "unresolved"}, {"", ""}} {
		s := Sample()
		s.Episode, s.EndedBy, s.Outcome = 2, end.by, end.outcome
		its.rehearseChat(s, short)
	}
	its.rehearseChat(bare, Options{})
	its.rehearseLinks(full.Brand, start.AddDate(0, 0, 7))
	its.rehearseLinks(Brand{}, time.Time{})
	return append(problems, its.own.rehearsal.empty(its.own)...)
}

// rehearsal is which templates were tried, and whether each has ever written something.
type rehearsal struct{ tried map[string]bool }

// note takes down what came of one rendering. What went over its bounds once is not tried
// again: that would take as long for each chat.
func (r *rehearsal) note(o *own, name, out string, err error) {
	if r == nil {
		return
	}
	r.tried[name] = r.tried[name] || err != nil || strings.TrimSpace(out) != ""
	if problemOfBounds(name, err) != nil {
		delete(o.affected, name)
	}
}

// empty returns the organization's templates that wrote nothing, whatever the chat.
func (r *rehearsal) empty(o *own) []Problem {
	var problems []Problem
	for _, name := range slices.Sorted(maps.Keys(r.tried)) {
		if !r.tried[name] && o.replaced[name] {
			problems = append(problems, Problem{File: name, Message: writesNothing})
		}
	}
	return problems
}

// What these return is of no interest: what fails is heard of, and done by the built-in
// template.

func (r *Renderer) rehearseChat(s chat.Snapshot, o Options) {
	customer, internal := ForCustomer(s, o), ForInternal(s, o)
	for _, missing := range []bool{false, true} {
		customer.NoPDF, internal.NoPDF = missing, missing
		_, _ = r.TranscriptForCustomer(customer)
		_, _ = r.TranscriptForInternal(internal)
	}
	for _, d := range []Document{r.DocumentForCustomer(customer), r.DocumentForInternal(internal)} {
		_, _ = r.PrintHTML(d)
		d.Logo = Picture{ContentType: "image/png", Content: []byte("logo")}
		d.Closing = []string{d.Unshown(1)}
		_, _ = r.PrintHTML(d)
	}
	_, _, _ = r.TicketForCustomer(customer)
	_, _, _ = r.TicketForInternal(internal)
	_, _ = r.Notes(internal)
	_, _ = r.LateNote(internal, chat.Note{ID: "n", At: s.StartedAt, Agent: "a_1", Text: "One more thing"})
	_, _ = r.Amendment(chat.Contact{Name: s.User.Name, Email: s.User.Email, Answers: s.Form}, "en")
	_ = r.Pane(io.Discard, PanePage{
		Brand: o.Brand, Conversation: s.ID, Messages: s.Messages, Notes: s.Notes, Form: s.Form, Flags: s.Flags, User: s.User, Agents: s.Agents,
		Prior: []PanePrior{
			{Desk: "zd", State: "fresh", Tickets: []chat.PriorTicket{{ID: "35", Subject: "Grinder", Status: "solved", URL: "https://desk.example.com/35"}}},
			{Desk: "rt", State: "unavailable", Error: "the desk did not answer"},
		},
		Deliveries: append([]Delivery{{ID: "d_1", Action: "file_ticket", Target: "rt", State: "unknown"}}, o.Deliveries...),
		Links:      []PaneLink{{ID: "l_1", State: "open", Purpose: "resume", ExpiresAt: s.EndedAt}},
		Forms: PaneForms{
			ID: "f_1", Note: true, Transcript: true, Link: true, Settle: true, Ended: true, Channels: []string{"sms", "email"}, Done: "note", URL: "https://chat.example.com/r/token",
			Refused: &PaneRefusal{Action: "transcript", Field: "to", Code: "bad_address", Typed: map[string]string{"to": "ann at home", "note": "Here it is."}},
		},
		Location: o.Location,
	})
}

func (r *Renderer) rehearseLinks(b Brand, expires time.Time) {
	for _, purpose := range []string{"resume", "invite"} {
		v := LinkView{Brand: b, Purpose: purpose, URL: "https://chat.example.com/r/2kPq7Zx0token", ExpiresAt: expires, Location: time.UTC}
		_, _ = r.LinkSMS(v)
		_, _ = r.LinkMail(v)
	}
	for _, state := range []string{"open", "expired", "revoked", "unknown"} {
		_ = r.LinkPage(io.Discard, LinkPage{Brand: b, State: state, Action: "token", Target: "https://example.com/chat"})
	}
}
