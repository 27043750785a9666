package templates

import (
	htmltemplate "html/template"
	"strconv"
	"strings"

	"github.com/afterchat/afterchat/internal/chat"
)

// factList gathers facts and leaves out what is not known.
type factList []Fact

func (l *factList) add(label, value string) {
	if value != "" {
		*l = append(*l, Fact{Label: label, Value: value})
	}
}

func (w *words) customerFacts(v CustomerView) []Fact {
	var l factList
	l.add(w.Number, w.isolate(v.Number))
	l.add(w.Ticket, w.isolate(v.Ticket))
	l.add(w.Name, w.isolate(v.Name))
	l.add(w.Product, w.isolate(v.Product))
	l.add(w.When, w.period(v.StartedAt, v.EndedAt, v.Location))
	talked := v.Agents
	if v.Unnamed {
		talked = append(talked[:len(talked):len(talked)], w.Customer.Agent.Nameless)
	}
	with := w.TalkedWith
	if v.ToOther {
		with = w.Agents
	}
	l.add(with, w.list(talked))
	return l
}

func (w *words) internalFacts(v Record) []Fact {
	var l factList
	l.add(w.Number, w.isolate(v.Number))
	if v.Episode > 1 {
		l.add(w.Episode, strconv.Itoa(v.Episode))
	}
	if v.Ticket != "" {
		l = append(l, Fact{Label: w.Ticket, Value: w.isolate(v.Ticket), URL: v.TicketURL})
	}
	l = append(l, w.userFacts(v.User)...)
	l.add(w.When, w.period(v.StartedAt, v.EndedAt, v.Location))
	l.add(w.Product, w.isolate(v.Product))
	l.add(w.Channel, w.isolate(v.Channel))
	l.add(w.Group, w.isolate(v.Group))
	l.add(w.Agents, w.agentList(v.Agents))
	l.add(w.Assigned, w.isolate(v.Assigned))
	l.add(w.Outcome, known(w.Outcomes, v.Outcome))
	l.add(w.EndedBy, known(w.Enders, v.EndedBy))
	l.add(w.Conversation, w.counted(w.Messages, v.Said))
	return l
}

// said counts the messages: what happened is none.
func said(entries []Entry) int {
	n := 0
	for i := range entries {
		if e := &entries[i]; e.Event == nil || e.Text != "" || len(e.Files) > 0 {
			n++
		}
	}
	return n
}

func (w *words) userFacts(u User) []Fact {
	var l factList
	l.add(w.Visitor, w.isolate(u.Name))
	if u.EmailVerified {
		l.add(w.Email, fill(w.Verified, "{email}", w.isolate(u.Email)))
	} else {
		l.add(w.Email, w.isolate(u.Email))
	}
	l.add(w.Phone, w.isolate(u.Phone))
	l.add(w.VisitorID, w.isolate(u.ID))
	for _, id := range u.ExternalIDs {
		l.add(fill(w.ExternalID, "{system}", w.isolate(id.Label)), w.isolate(id.Value))
	}
	l.add(w.Language, u.Locale)
	l.add(w.Timezone, u.Timezone)
	return l
}

func (w *words) contactFacts(c chat.Contact) []Fact {
	var l factList
	l.add(w.Name, w.isolate(line(c.Name)))
	l.add(w.Email, w.isolate(line(c.Email)))
	l.add(w.Phone, w.isolate(line(c.Phone)))
	return append(l, w.answers(formFacts(c.Answers))...)
}

// answers says so where an answer is missing. An answer of several lines stands by itself.
func (w *words) answers(form []Fact) []Fact {
	l := make([]Fact, len(form))
	for i, f := range form {
		f.Label = w.isolate(f.Label)
		switch {
		case f.Value == "":
			f.Value = w.NoAnswer
		case !strings.Contains(f.Value, "\n"):
			f.Value = w.isolate(f.Value)
		}
		l[i] = f
	}
	return l
}

func (w *words) flagFacts(flags []chat.Flag) []Fact {
	l := make([]Fact, len(flags))
	for i, f := range flags {
		l[i].Label = w.isolate(f.Code)
		var lines []string
		if f.Source != "" {
			lines = append(lines, fill(w.SetBy, "{source}", w.isolate(known(w.Sources, f.Source))))
		}
		if f.Reason != "" {
			lines = append(lines, w.isolate(f.Reason))
		}
		if f.Evidence != "" {
			lines = append(lines, fill(w.Evidence, "{evidence}", w.isolate(f.Evidence)))
		}
		l[i].Value = strings.Join(lines, "\n")
	}
	return l
}

// formFacts cleans a form's answers. The key stands in where there is no label.
func formFacts(form []chat.Answer) []Fact {
	var l []Fact
	for _, a := range form {
		label := line(a.Label)
		if label == "" {
			label = line(a.Key)
		}
		l = append(l, Fact{Label: strings.TrimRight(label, " :"), Value: block(a.Value)})
	}
	return l
}

func (w *words) agentList(agents []Agent) string {
	names := make([]string, len(agents))
	for i, a := range agents {
		names[i] = a.called()
		if a.Name != "" && a.DisplayName != "" && a.DisplayName != a.Name {
			names[i] += " (" + a.DisplayName + ")"
		}
		if a.Email != "" {
			names[i] += " <" + a.Email + ">"
		}
	}
	return w.list(names)
}

func (w *words) list(values []string) string {
	isolated := make([]string, len(values))
	for i, v := range values {
		isolated[i] = w.isolate(v)
	}
	return strings.Join(isolated, w.Comma)
}

// factLines writes "label: value", as the language does, and a value of several lines as a
// block below its label. There is no "\n" at the end.
func (w *words) factLines(facts []Fact) string {
	var b strings.Builder
	for i, f := range facts {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(f.Label)
		switch {
		case f.Value == "":
		case strings.Contains(f.Value, "\n"):
			b.WriteString(strings.TrimRight(w.Colon, " ") + "\n")
			writeBlock(&b, f.Value)
		default:
			b.WriteString(w.Colon)
			b.WriteString(f.Value)
		}
		if f.URL != "" {
			b.WriteString(" " + f.URL)
		}
	}
	return b.String()
}

// factTable writes facts as a table of a mail, "" when there are none. It is written by
// hand because a template's actions cost more than all else in a mail.
func (w *words) factTable(facts []Fact) htmltemplate.HTML {
	if len(facts) == 0 {
		return ""
	}
	const label = `<tr valign="top"><td class="mute" width="34%" style="color:#5b6470">`
	var b strings.Builder
	b.WriteString(`<table role="presentation" cellpadding="4" cellspacing="0" border="0" class="facts ink" width="100%" style="table-layout:fixed;font-size:14px;line-height:1.45;color:#111827">` + "\n")
	for _, f := range facts {
		b.WriteString(label)
		writeIsolated(&b, f.Label)
		b.WriteString("</td>\n<td>")
		if f.URL != "" {
			b.WriteString(`<a class="plain" href="` + htmltemplate.HTMLEscapeString(f.URL) + `" style="color:#1d4ed8">`)
		}
		writeIsolated(&b, f.Value)
		if f.URL != "" {
			b.WriteString("</a>")
		}
		b.WriteString("</td></tr>\n")
	}
	b.WriteString("</table>\n")
	return htmltemplate.HTML(b.String()) //nolint:gosec // labels and values are escaped above
}

// multilineHTML escapes a value and keeps its lines.
func multilineHTML(s string) htmltemplate.HTML {
	var b strings.Builder
	writeEscaped(&b, s)
	return htmltemplate.HTML(b.String()) //nolint:gosec // writeEscaped escapes
}
