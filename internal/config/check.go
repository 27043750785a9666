package config

import (
	"fmt"
	"maps"
	"slices"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
)

// Check returns warnings: what works, but hardly as it was meant. traits tells what the
// connector of a desk can do; Load cannot know, because it builds none.
func (c *Config) Check(traits func(organization, desk string) connectors.Traits) []Problem {
	w := warnings{places: c.places}
	for _, id := range slices.Sorted(maps.Keys(c.Organizations)) {
		org, path := c.Organizations[id], "organizations["+id+"]"
		w.desks(org, path, traits)
		w.accounts(org, path)
		w.tickets(org, path)
		w.recipients(org, path)
	}
	return w.problems
}

type warnings struct {
	places   map[string]place
	problems []Problem
}

func (w *warnings) add(path, format string, args ...any) {
	where := findPlace(w.places, path)
	w.problems = append(w.problems, Problem{where.file, where.line, where.column, fmt.Sprintf(format, args...)})
}

func (w *warnings) desks(org *Organization, path string, traits func(organization, desk string) connectors.Traits) {
	used := map[string]bool{}
	for _, rule := range org.Tickets {
		used[rule.Desk] = true
	}
	for _, rule := range org.Flags {
		used[rule.Desk] = true
	}
	for _, desk := range slices.Sorted(maps.Keys(org.Desks)) {
		at := path + ".desks[" + desk + "]"
		if !used[desk] {
			w.add(at, "desk %s: no rule files tickets here", desk)
			continue
		}
		t := traits(org.ID, desk)
		if !t.PrivateComments {
			w.add(at, "desk %s: it has no private comments, so notes are not attached (no_private_comments)", desk)
		}
		if !t.Files && t.MaxBody > 0 {
			w.add(at, "desk %s: it takes no files, so a chat of more than %d bytes becomes several comments", desk, t.MaxBody)
		}
		if org.Desks[desk].CommonSettings().OnUnknown == connectors.Resend && t.Create.Kind == connectors.BlindKind {
			w.add(at+".on_unknown", "desk %s: nothing can be looked up here, so on_unknown: resend may file a ticket twice", desk)
		}
	}
}

// accounts adds what the accounts find hardly meant, and desks whose answers no mail
// can name yet when it is sent.
func (w *warnings) accounts(org *Organization, path string) {
	for at, f := range examined(org, path) {
		if f.Warning {
			w.add(at, "%s: %s", f.Field, f.Message)
		}
	}
	customers, waits := false, false
	for _, rule := range org.Transcripts {
		customers = customers || rule.Audience == chat.Customer
		waits = waits || rule.Audience == chat.Customer && rule.WaitForTicket > 0
	}
	for _, desk := range slices.Sorted(maps.Keys(org.Desks)) {
		a, ok := org.Desks[desk].(connectors.Answering)
		if ok && a.AnswerSettings() != (connectors.Answers{}) && customers && !waits {
			w.add(path+".desks["+desk+"].reply_to", "desk %s: no transcript waits for its ticket (wait_for_ticket), so most are mailed before answers can be led into it", desk)
		}
	}
}

func (w *warnings) tickets(org *Organization, path string) {
	for i, rule := range org.Tickets[:max(len(org.Tickets)-1, 0)] {
		if rule.When.always() {
			w.add(fmt.Sprintf("%s.tickets[%d]", path, i+1), "tickets[%d]: never reached, because tickets[%d] matches every chat", i+1, i)
			break
		}
	}
}

func (w *warnings) recipients(org *Organization, path string) {
	if len(org.Tickets) == 0 && len(org.Transcripts) == 0 && len(org.Flags) == 0 {
		w.add(path, "no rule: when a chat of this organization ends, nothing is delivered")
	}
	if org.Links != nil && org.Mail == nil && org.SMS == nil {
		w.add(path+".links", "links: without mail and sms, links can be made but not sent")
	}
}
