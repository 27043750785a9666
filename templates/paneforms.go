package templates

import "strings"

// PaneForms are what an agent may do on the pane: the forms that it has. The zero value
// has none. ID is what each form sends along, so that it counts once. A transcript needs
// an episode that has Ended; Channels ("sms", "email") are how a link can be sent.
type PaneForms struct {
	ID                             string
	Note, Transcript, Link, Settle bool
	Ended                          bool
	Channels                       []string
	// Done is what has just been carried out: note, transcript, link or settle. URL is a
	// link that has just been made and is sent to nobody.
	Done, URL string
	// Refused is a form that has just been sent in vain, nil if none was.
	Refused *PaneRefusal
}

// PaneRefusal is a form that was refused: which (note, transcript, link or settle, that of
// a Delivery), why (a fault's Code, at a Field or at the whole), and what was Typed, by field.
type PaneRefusal struct {
	Action, Delivery string
	Field, Code      string
	Typed            map[string]string
}

// HasForms reports whether there is anything to fill in on the page.
func (p PanePage) HasForms() bool {
	f := p.Forms
	for _, d := range p.Deliveries {
		if f.Settle && unsettled(d) {
			return true
		}
	}
	return f.Note || f.Transcript && f.Ended || f.Link
}

// unsettled reports whether only somebody who looks can say what became of a delivery.
func unsettled(d Delivery) bool { return d.State == "unknown" }

// paneForm is a form as the template gets it. Its ID begins those of its fields.
type paneForm struct {
	ID, Action, Form, Delivery, Title, Lead, Error string
	Open                                           bool
	Fields                                         []paneField
	Buttons                                        []paneChoice
}

// paneField is one field: an Area of lines, Choices of one, or a line.
type paneField struct {
	ID, Name, Label, Hint, Value, Error string
	Area, Required                      bool
	Choices                             []paneChoice
}

type paneChoice struct {
	Value, Label string
	Chosen       bool
}

// paneRefused is what the page says above all, and where it leads.
type paneRefused struct{ Text, At string }

// addForms adds the forms and what has come of the last one.
func (page *panePage) addForms(p PanePage) {
	t, f := page.T, p.Forms
	page.Reload, page.URL = p.HasForms(), webURL(f.URL)
	if text, ok := t.Pane.Done[f.Done]; ok {
		page.Done = text
	}
	if f.Note {
		page.Note = t.noteForm(f)
	}
	if f.Transcript && f.Ended {
		page.Transcript = t.transcriptForm(f)
	} else if f.Transcript {
		page.TooEarly = t.Pane.Errors["not_ended"]
	}
	if f.Link {
		page.Link = t.linkForm(f)
	}
	if f.Refused != nil {
		page.Refused = &paneRefused{Text: t.refusal(*f.Refused), At: page.faulty()}
	}
}

// faulty returns the id of the field, or else of the form, that was refused.
func (page *panePage) faulty() string {
	forms := []*paneForm{page.Note, page.Transcript, page.Link}
	for _, row := range page.Deliveries {
		forms = append(forms, row.Settle)
	}
	for _, form := range forms {
		if form == nil {
			continue
		}
		for _, field := range form.Fields {
			if field.Error != "" {
				return field.ID
			}
		}
		if form.Error != "" {
			return form.ID
		}
	}
	return ""
}

func (w *words) noteForm(f PaneForms) *paneForm {
	form := &paneForm{
		ID: "note", Action: "note", Title: w.Pane.NoteNew, Open: true,
		Fields:  []paneField{{Name: "text", Label: w.Pane.NoteText, Area: true, Required: true}},
		Buttons: []paneChoice{{Label: w.Pane.NoteSave}},
	}
	return w.complete(form, f)
}

func (w *words) transcriptForm(f PaneForms) *paneForm {
	form := &paneForm{
		ID: "transcript", Action: "transcript", Title: w.Pane.TranscriptSend,
		Fields: []paneField{
			{Name: "to", Label: w.Pane.TranscriptTo, Hint: w.Pane.OwnAddress},
			{Name: "audience", Label: w.Pane.TranscriptAudience, Choices: choices(w.Pane.Audiences, "customer", "internal")},
			{Name: "note", Label: w.Pane.TranscriptCover, Area: true},
		},
		Buttons: []paneChoice{{Label: w.Pane.Send}},
	}
	return w.complete(form, f)
}

func (w *words) linkForm(f PaneForms) *paneForm {
	form := &paneForm{
		ID: "link", Action: "link", Title: w.Pane.LinkMake,
		Fields: []paneField{
			{Name: "purpose", Label: w.Pane.LinkPurpose, Choices: choices(w.Pane.Purposes, "resume", "invite")},
			{Name: "send.channel", Label: w.Pane.LinkChannel, Choices: append(choices(w.Pane.Channels, f.Channels...), paneChoice{Label: w.Pane.LinkShow})},
			{Name: "send.to", Label: w.Pane.LinkTo, Hint: w.Pane.OwnAddress},
		},
		Buttons: []paneChoice{{Label: w.Pane.LinkMake}},
	}
	if len(f.Channels) == 0 {
		form.Fields = form.Fields[:1]
	}
	return w.complete(form, f)
}

// settleForm is nil for a delivery of which it is known what became of it.
func (w *words) settleForm(f PaneForms, d Delivery) *paneForm {
	if !f.Settle || !unsettled(d) {
		return nil
	}
	form := &paneForm{
		ID: "settle-" + d.ID, Action: "settle", Delivery: d.ID, Title: w.Pane.Settle, Lead: w.Pane.SettleLead,
		Buttons: []paneChoice{{Value: "delivered", Label: w.Pane.SettleDelivered}, {Value: "failed", Label: w.Pane.SettleFailed}},
	}
	if d.Action == "file_ticket" {
		form.Fields = []paneField{{Name: "ref.id", Label: w.Pane.SettleRef}, {Name: "ref.url", Label: w.Pane.SettleURL}}
	}
	return w.complete(form, f)
}

// choices are words of a list, in this order.
func choices(list map[string]string, values ...string) []paneChoice {
	out := make([]paneChoice, 0, len(values)+1)
	for _, value := range values {
		out = append(out, paneChoice{Value: value, Label: known(list, value)})
	}
	return out
}

// complete names the fields, and gives those of a form that was refused what was typed.
func (w *words) complete(form *paneForm, f PaneForms) *paneForm {
	form.Form = f.ID
	r := f.Refused
	if r != nil && (r.Action != form.Action || r.Delivery != form.Delivery) {
		r = nil
	}
	if r != nil {
		form.Open, form.Error = true, w.refusal(*r)
	}
	for i := range form.Fields {
		field := &form.Fields[i]
		field.ID = form.ID + "-" + strings.ReplaceAll(field.Name, ".", "-")
		if r == nil {
			continue
		}
		field.Value = r.Typed[field.Name]
		for j := range field.Choices {
			field.Choices[j].Chosen = field.Choices[j].Value == field.Value
		}
		if field.Name == r.Field {
			field.Error, form.Error = form.Error, ""
		}
	}
	return form
}

// refusal says what was wrong: by its code, or by the field where that has the one rule.
func (w *words) refusal(r PaneRefusal) string {
	code := line(r.Code)
	switch code {
	case "number_type", "country_not_allowed":
		code = "bad_number"
	case "id_taken", "idempotency_key_reused":
		code = "sent_before"
	case "invalid_field":
		if r.Field == "note" {
			code = "too_long"
		}
	}
	if text, ok := w.Pane.Errors[code]; ok {
		return text
	}
	return fill(w.Pane.Refused, "{error}", w.isolate(code))
}
