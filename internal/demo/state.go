package demo

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/afterchat/afterchat/connectors/zendesk/zendesktest"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/standin"
	"github.com/afterchat/afterchat/internal/store"
)

// mostShown is how many chats the list has.
const mostShown = 40

// row is a chat in the list. State is open, working, waiting, done or trouble.
type row struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	About   string `json:"about"`
	Outcome string `json:"outcome"`
	Door    string `json:"door"` // through which it ended
	Episode int    `json:"episode"`
	State   string `json:"state"`
	Done    int    `json:"done"`
	All     int    `json:"all"`
}

// scene is all that is shown of one chat. Deliveries and Details are what the HTTP door
// answers, untouched.
type scene struct {
	row
	Deliveries json.RawMessage `json:"deliveries"`
	Steps      map[string]step `json:"steps"` // by delivery
	Details    json.RawMessage `json:"details"`
	Pane       string          `json:"pane"`
	Tickets    []ticketView    `json:"tickets"`
	Mails      []mailView      `json:"mails"`
	Texts      []textView      `json:"texts"`
}

// step is what the ledger knows of a delivery beside what the HTTP door tells. Kind is
// ticket, notes, late_note, contact, transcript or link.
type step struct {
	Kind    string `json:"kind"`
	Episode int    `json:"episode"`
}

type ticketView struct {
	ID        int64         `json:"id"`
	Subject   string        `json:"subject"`
	URL       string        `json:"url"`
	Status    string        `json:"status"`
	Priority  string        `json:"priority"`
	Group     string        `json:"group"`
	Tags      []string      `json:"tags"`
	Requester string        `json:"requester"`
	Reach     string        `json:"reach"` // the requester's address, or number
	Body      string        `json:"body"`
	Comments  []commentView `json:"comments"`
}

type commentView struct {
	Kind   string `json:"kind"` // of the delivery
	Body   string `json:"body"`
	Public bool   `json:"public"`
}

type mailView struct {
	Key     string   `json:"key"`
	From    string   `json:"from"`
	To      string   `json:"to"`
	Subject string   `json:"subject"`
	Text    string   `json:"text"`
	Files   []string `json:"files"`
}

type textView struct {
	Key    string `json:"key"`
	From   string `json:"from"`
	To     string `json:"to"`
	Body   string `json:"body"`
	Status string `json:"status"`
}

// state answers with the list of chats, newest first, and all about the one that is
// asked for.
func (p *page) state(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	all := p.stage.all()
	answer := struct {
		Chats []row  `json:"chats"`
		Chat  *scene `json:"chat"`
	}{Chats: []row{}}
	for _, c := range slices.Backward(all[max(len(all)-mostShown, 0):]) {
		deliveries, err := p.deliveries(ctx, c.Snapshot.ID)
		if err != nil {
			writeJSON(w, http.StatusServiceUnavailable, map[string]string{"error": err.Error()})
			return
		}
		line := c.row(deliveries)
		answer.Chats = append(answer.Chats, line)
		if c.Snapshot.ID == r.URL.Query().Get("chat") {
			if answer.Chat, err = p.scene(ctx, line, deliveries); err != nil {
				writeJSON(w, http.StatusServiceUnavailable, map[string]string{"error": err.Error()})
				return
			}
		}
	}
	writeJSON(w, http.StatusOK, answer)
}

// deliveries returns a chat's deliveries; none of one that is not known yet.
func (p *page) deliveries(ctx context.Context, id string) ([]store.Timeline, error) {
	deliveries, err := p.stage.stack.app.Store().Deliveries(ctx, standin.Organization, id)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	return deliveries, err
}

func (c played) row(deliveries []store.Timeline) row {
	s := c.Snapshot
	r := row{ID: s.ID, Name: s.User.Name, About: s.Product, Outcome: s.Outcome, Door: c.door, Episode: max(s.Episode, 1), State: "open", All: len(deliveries)}
	if !c.ended {
		return r
	}
	r.State = "done"
	if len(deliveries) == 0 {
		r.State = "working"
	}
	for _, d := range deliveries {
		switch {
		case d.State == chat.Failed || d.State == chat.Unknown:
			r.State = "trouble"
		case !d.State.Final() && r.State != "trouble" && d.Hold == chat.HeldByContact:
			r.State = "waiting"
		case !d.State.Final() && r.State == "done" && d.Hold != chat.HeldByDependency:
			r.State = "working"
		}
		if d.State.Final() {
			r.Done++
		}
	}
	return r
}

func (p *page) scene(ctx context.Context, line row, deliveries []store.Timeline) (*scene, error) {
	s := &scene{row: line, Steps: map[string]step{}, Tickets: []ticketView{}, Mails: []mailView{}, Texts: []textView{}}
	if len(deliveries) == 0 {
		return s, nil
	}
	for _, d := range deliveries {
		s.Steps[d.ID.String()] = step{kindOf(d.Delivery), d.Episode}
	}
	seen, err := p.stage.look(ctx, line.ID)
	if err != nil {
		return nil, err
	}
	s.Deliveries, s.Details = seen.deliveries, seen.details
	if s.Pane, err = p.stage.paneOf(ctx, line.ID); err != nil {
		return nil, err
	}
	p.addReceived(s, deliveries)
	return s, nil
}

// addReceived adds what the stand-ins received for a chat's deliveries.
func (p *page) addReceived(s *scene, deliveries []store.Timeline) {
	v := p.stage.stack.vendors
	known := make(map[string]chat.Delivery, len(deliveries))
	for _, d := range deliveries {
		known[d.ID.String()] = d.Delivery
	}
	for _, t := range v.Zendesk.Tickets() {
		if _, ok := known[t.ExternalID]; ok {
			s.Tickets = append(s.Tickets, viewTicket(t, v.ZendeskURL, known))
		}
	}
	for _, m := range slices.Backward(v.Mail.Messages()) {
		key := standin.MailKey(m)
		if _, ok := known[key]; !ok {
			continue
		}
		content, err := m.Read()
		if err != nil {
			continue // verified elsewhere; here it is not shown
		}
		view := mailView{Key: key, From: m.From, To: m.To, Subject: m.Subject, Text: content.Text, Files: []string{}}
		for _, f := range content.Files {
			view.Files = append(view.Files, f.Name)
		}
		s.Mails = append(s.Mails, view)
	}
	for _, m := range v.Twilio.Messages() {
		if key := standin.TextKey(m); known[key].Action != "" {
			s.Texts = append(s.Texts, textView{Key: key, From: m.From, To: m.To, Body: m.Body, Status: m.Status})
		}
	}
}

func viewTicket(t zendesktest.Ticket, base string, known map[string]chat.Delivery) ticketView {
	view := ticketView{
		ID: t.ID, Subject: t.Subject, URL: base + "/agent/tickets/" + strconv.FormatInt(t.ID, 10),
		Status: t.Status, Priority: t.Priority, Group: t.Group, Tags: t.Tags,
		Requester: t.RequesterName, Reach: t.RequesterEmail, Body: t.Body, Comments: []commentView{},
	}
	if view.Reach == "" {
		view.Reach = t.RequesterPhone
	}
	for _, c := range t.Comments {
		view.Comments = append(view.Comments, commentView{Kind: kindOf(known[commentKey(c)]), Body: c.Body, Public: c.Public})
	}
	return view
}

func kindOf(d chat.Delivery) string {
	switch d.Action {
	case chat.FileTicket:
		return "ticket"
	case chat.AttachNotes:
		if d.Params.Note != "" {
			return "late_note"
		}
		return "notes"
	case chat.AmendTicket:
		return "contact"
	case chat.EmailTranscript:
		return "transcript"
	case chat.SendLink:
		return "link"
	}
	return ""
}
