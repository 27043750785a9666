// Package plan decides what an episode's end brings about: which ticket, which notes,
// which transcripts. It is pure: the same conversation and the same configuration give
// the same plan, so `afterchat plan` can show it without calling anybody. The plan is
// stored when the episode ends and never made again.
package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/afterchat/afterchat/internal/address"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
)

// ToUser is the recipient of a transcript rule that means the conversation's user.
const ToUser = "user"

// For returns the deliveries of an episode that ended, in the order in which they are
// shown: the ticket, its notes, the transcripts.
func For(c chat.Conversation, o *config.Organization) []chat.Delivery {
	c.Snapshot.Flags = Flags(o, c.Snapshot)
	var deliveries []chat.Delivery
	ticket, filed := fileTicket(c, o)
	if filed {
		deliveries = append(deliveries, ticket)
		if len(c.Snapshot.Notes) > 0 {
			deliveries = append(deliveries, attachNotes(c, ticket))
		}
	}
	for i, rule := range o.Transcripts {
		if !rule.When.Matches(c.Snapshot) || isUsersOwn(rule, c.Snapshot, o) {
			continue
		}
		d := emailTranscript(c, o, rule, fmt.Sprintf("transcripts[%d]", i))
		if filed && rule.WaitForTicket > 0 && d.State == chat.Pending && d.Hold == "" {
			d.DependsOn, d.Hold, d.Delay = ticket.ID, chat.HeldByDependency, time.Duration(rule.WaitForTicket)
		}
		if !slices.ContainsFunc(deliveries, func(x chat.Delivery) bool { return x.ID == d.ID }) {
			deliveries = append(deliveries, d)
		}
	}
	return deliveries
}

// fileTicket plans the conversation's ticket: an addition where there is one already,
// or by the first rule that matches, or because a flag forces it.
func fileTicket(c chat.Conversation, o *config.Organization) (chat.Delivery, bool) {
	s := c.Snapshot
	d := newDelivery(c, chat.FileTicket, "")
	d.Params.Audience = chat.Internal
	if i := slices.IndexFunc(o.Tickets, func(r config.TicketRule) bool { return r.When.Matches(s) }); i >= 0 {
		rule := o.Tickets[i]
		d.Target = rule.Desk
		d.Params = chat.Params{
			Audience: rule.Body, Group: rule.Group, Priority: rule.Priority, Tags: rule.Tags,
			Fields: fields(rule, s), Rule: fmt.Sprintf("tickets[%d]", i),
		}
	}
	for i, rule := range o.Flags {
		if !slices.ContainsFunc(s.Flags, func(f chat.Flag) bool { return f.Code == rule.Code }) {
			continue
		}
		if d.Target == "" && rule.ForceTicket {
			d.Target, d.Params.Rule = rule.Desk, fmt.Sprintf("flags[%d]", i)
		}
		d.Params.Priority = higher(d.Params.Priority, rule.Priority)
	}
	switch {
	case c.Ticket != nil && d.Target != "" && o.Desks[c.Ticket.Desk] == nil:
		d.Params.Rule += ": the conversation's ticket is at a desk that is gone"
	case c.Ticket != nil:
		addTo(&d, c.Ticket.Desk, "the conversation has a ticket")
	case c.AwaitedDesk != "" && d.Target != "" && o.Desks[c.AwaitedDesk] == nil:
		d.Params.Rule += ": the conversation's ticket waits for a desk that is gone"
	case c.AwaitedDesk != "":
		addTo(&d, c.AwaitedDesk, "the conversation's ticket is being filed")
	case d.Target == "":
		return chat.Delivery{}, false
	}
	if s.Outcome == "unresolved" && s.User.Email == "" && s.User.Phone == "" && o.ContactWait > 0 {
		d.Hold, d.Delay = chat.HeldByContact, time.Duration(o.ContactWait)
	}
	return d, true
}

// addTo has a ticket's desk get the addition, whatever desk the rule names. What the rule
// says of a group and of fields is in that other desk's words.
func addTo(d *chat.Delivery, desk, why string) {
	if d.Target != desk {
		d.Params.Group, d.Params.Fields = "", nil
	}
	d.Target, d.Params.Rule = desk, why
}

// attachNotes plans the one comment that holds the episode's notes.
func attachNotes(c chat.Conversation, ticket chat.Delivery) chat.Delivery {
	d := newDelivery(c, chat.AttachNotes, chat.EndNotes)
	d.Target, d.DependsOn, d.Hold, d.Delay = ticket.Target, ticket.ID, chat.HeldByDependency, chat.Never
	d.Params.Rule = "the chat has notes"
	return d
}

// emailTranscript plans one transcript to one recipient. A user without an address may
// still be asked for one.
func emailTranscript(c chat.Conversation, o *config.Organization, rule config.TranscriptRule, name string) chat.Delivery {
	discriminator := ToUser
	if rule.To != ToUser {
		discriminator = byAddress(rule.Audience, rule.To)
	}
	d := newDelivery(c, chat.EmailTranscript, discriminator)
	d.Target = chat.AccountMail
	d.Params = chat.Params{Audience: rule.Audience, PDF: rule.PDF, Rule: name}
	switch user := c.Snapshot.User; {
	case rule.To != ToUser:
		d.Params.To, d.Params.ToOther = rule.To, !SameMailbox(rule.To, user.Email)
	case user.Email == "" && o.ContactWait > 0:
		d.Hold, d.Delay = chat.HeldByContact, time.Duration(o.ContactWait)
	case user.Email == "":
		d.State, d.Error = chat.Suppressed, chat.NoAddress
	case !GoodAddress(strings.TrimSpace(user.Email)):
		d.State, d.Error = chat.Suppressed, chat.BadAddress
	}
	return d
}

// isUsersOwn reports whether a rule names the address of a user who gets the same by
// another rule already.
func isUsersOwn(rule config.TranscriptRule, s chat.Snapshot, o *config.Organization) bool {
	return rule.To != ToUser && rule.Audience == chat.Customer && NormalizeAddress(rule.To) == NormalizeAddress(s.User.Email) &&
		slices.ContainsFunc(o.Transcripts, func(r config.TranscriptRule) bool { return r.To == ToUser && r.When.Matches(s) })
}

// SameToAddress returns the key that a rule's customer transcript to this address has in
// an episode, and whether a rule names the address: a user who is known by it only since
// the end has that one already.
func SameToAddress(o *config.Organization, conversation string, episode int, to string) (chat.Key, bool) {
	named := slices.ContainsFunc(o.Transcripts, func(r config.TranscriptRule) bool {
		return r.To != ToUser && r.Audience == chat.Customer && NormalizeAddress(r.To) == NormalizeAddress(to)
	})
	return chat.NewKey(o.ID, conversation, episode, chat.EmailTranscript, byAddress(chat.Customer, to)), named
}

func byAddress(a chat.Audience, to string) string { return string(a) + " " + NormalizeAddress(to) }

// NormalizeAddress is address.Normalize.
func NormalizeAddress(a string) string { return address.Normalize(a) }

// GoodAddress is address.Good.
func GoodAddress(a string) bool { return address.Good(a) }

func newDelivery(c chat.Conversation, action chat.Action, discriminator string) chat.Delivery {
	s := c.Snapshot
	return chat.Delivery{
		ID:           chat.NewKey(c.Organization, s.ID, s.Episode, action, discriminator),
		Organization: c.Organization, Conversation: s.ID, Episode: s.Episode, Action: action, State: chat.Pending,
	}
}

// fields renders a rule's fields. A template that fails on this chat leaves its fields
// out; Load has checked that they parse.
func fields(rule config.TicketRule, s chat.Snapshot) map[string]string {
	form := make(map[string]string, len(s.Form))
	for _, a := range s.Form {
		form[a.Key] = a.Value
	}
	out, err := rule.RenderFields(config.FieldData{Form: form, Conversation: s.ID, Product: s.Product, Channel: s.Channel, Locale: s.Locale})
	if err != nil {
		return nil
	}
	return out
}

func higher(a, b string) string {
	order := []string{"", "low", "normal", "high", "urgent"}
	if slices.Index(order, b) > slices.Index(order, a) {
		return b
	}
	return a
}
