package plan_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/plan"
)

type settings struct{ connectors.Common }

func (settings) Identity() string { return "desk" }

// acme files follow-ups at zd, mails the user and, about fires, the quality people.
func acme() *config.Organization {
	return &config.Organization{
		ID: "acme", ContactWait: config.Duration(30 * time.Minute),
		Desks: map[string]connectors.Settings{"zd": settings{}, "rt": settings{}},
		Tickets: []config.TicketRule{
			{When: config.When{Groups: []string{"tea"}}, Desk: "rt", Body: chat.Customer, Priority: "low"},
			{When: config.When{Outcome: []string{"unresolved", "follow_up"}}, Desk: "zd", Group: "Coffee", Body: chat.Internal, Priority: "normal", Tags: []string{"live-chat"}},
		},
		Transcripts: []config.TranscriptRule{
			{To: plan.ToUser, Audience: chat.Customer},
			{To: "QA@acme.example", Audience: chat.Internal, When: config.When{Flags: []string{"health_and_safety"}}},
		},
		Flags: []config.FlagRule{{Code: "health_and_safety", Words: map[string][]string{"en": {"smoke"}}, Priority: "urgent", ForceTicket: true, Desk: "rt"}},
	}
}

func followUp() chat.Conversation {
	return chat.Conversation{Organization: "acme", Snapshot: chat.Snapshot{
		ID: "c", Episode: 1, Outcome: "follow_up", Locale: "en", User: chat.User{Email: "ann@example.com"},
		Messages: []chat.Message{{ID: "m1", Author: chat.Author{Kind: chat.AuthorUser}, Text: "Hello"}},
	}}
}

// lines are a plan, one line for each delivery.
func lines(list []chat.Delivery) []string {
	out := []string{}
	for _, d := range list {
		s := fmt.Sprintf("%s at %s for %s: %s", d.Action, d.Target, d.Params.Audience, d.State)
		if d.Params.To != "" {
			s += " to " + d.Params.To
		}
		if d.Params.PDF {
			s += " as PDF, too"
		}
		if d.Params.Priority != "" {
			s += ", " + d.Params.Priority
		}
		if d.Hold != "" {
			s += fmt.Sprintf(", held by %s for %s", d.Hold, d.Delay)
		}
		if d.Error != "" {
			s += ", " + d.Error
		}
		out = append(out, s)
	}
	return out
}

func TestARuleDecidesWhatAnEndBringsAbout(t *testing.T) {
	t.Parallel()
	const mail = "email_transcript at mail for customer: pending"
	for name, c := range map[string]struct {
		change func(*chat.Conversation, *config.Organization)
		want   []string
	}{
		"a follow-up is a ticket and a transcript": {
			func(*chat.Conversation, *config.Organization) {},
			[]string{"file_ticket at zd for internal: pending, normal", mail},
		},
		"a rule that wants a PDF is planned with one, and no other": {
			func(c *chat.Conversation, o *config.Organization) {
				o.Transcripts[0].PDF = true
				c.Snapshot.Flags = []chat.Flag{{Code: "health_and_safety", Source: "agent"}}
			},
			[]string{
				"file_ticket at zd for internal: pending, urgent", "email_transcript at mail for customer: pending as PDF, too",
				"email_transcript at mail for internal: pending to QA@acme.example",
			},
		},
		"the first rule that matches counts": {
			func(c *chat.Conversation, _ *config.Organization) { c.Snapshot.Group = "tea" },
			[]string{"file_ticket at rt for customer: pending, low", mail},
		},
		"none matches is no ticket, and no notes without one": {
			func(c *chat.Conversation, _ *config.Organization) {
				c.Snapshot.Outcome, c.Snapshot.Notes = "resolved", []chat.Note{{ID: "n1"}}
			},
			[]string{mail},
		},
		"notes wait for their ticket": {
			func(c *chat.Conversation, _ *config.Organization) {
				c.Snapshot.Notes = []chat.Note{{ID: "n1"}, {ID: "n2"}}
			},
			[]string{"file_ticket at zd for internal: pending, normal", "attach_notes at zd for : pending, held by dependency for -1ns", mail},
		},
		"a flag forces a ticket, raises nothing it need not and has its own readers": {
			func(c *chat.Conversation, _ *config.Organization) {
				c.Snapshot.Outcome, c.Snapshot.Messages[0].Text = "resolved", "There is SMOKE!"
			},
			[]string{"file_ticket at rt for internal: pending, urgent", mail, "email_transcript at mail for internal: pending to QA@acme.example"},
		},
		"a flag raises the rule's priority and leaves its desk": {
			func(c *chat.Conversation, _ *config.Organization) {
				c.Snapshot.Flags = []chat.Flag{{Code: "health_and_safety", Source: "agent"}}
			},
			[]string{"file_ticket at zd for internal: pending, urgent", mail, "email_transcript at mail for internal: pending to QA@acme.example"},
		},
		"a flag lowers no priority": {
			func(c *chat.Conversation, o *config.Organization) {
				c.Snapshot.Flags = []chat.Flag{{Code: "health_and_safety"}}
				o.Tickets[1].Priority, o.Flags[0].Priority = "high", "low"
			},
			[]string{"file_ticket at zd for internal: pending, high", mail, "email_transcript at mail for internal: pending to QA@acme.example"},
		},
		"a later episode goes to the conversation's ticket whatever today's rules say": {
			func(c *chat.Conversation, o *config.Organization) {
				c.Snapshot.Episode, c.Snapshot.Outcome, c.Ticket = 2, "resolved", &chat.TicketRef{Desk: "rt", Ref: chat.Ref{ID: "7"}}
				o.Tickets = nil
			},
			[]string{"file_ticket at rt for internal: pending", mail},
		},
		"a later episode goes where the ticket is being filed": {
			func(c *chat.Conversation, _ *config.Organization) { c.Snapshot.Episode, c.AwaitedDesk = 2, "rt" },
			[]string{"file_ticket at rt for internal: pending, normal", mail},
		},
		"a later episode does not wait for a desk that is gone to come back": {
			func(c *chat.Conversation, _ *config.Organization) { c.Snapshot.Episode, c.AwaitedDesk = 2, "gone" },
			[]string{"file_ticket at zd for internal: pending, normal", mail},
		},
		"a ticket whose desk is gone is followed by one at the rule's": {
			func(c *chat.Conversation, _ *config.Organization) {
				c.Snapshot.Episode, c.Ticket = 2, &chat.TicketRef{Desk: "gone", Ref: chat.Ref{ID: "7"}}
			},
			[]string{"file_ticket at zd for internal: pending, normal", mail},
		},
		"a ticket whose desk is gone is held where no rule says where else": {
			func(c *chat.Conversation, o *config.Organization) {
				c.Snapshot.Episode, c.Ticket = 2, &chat.TicketRef{Desk: "gone", Ref: chat.Ref{ID: "7"}}
				o.Tickets = nil
			},
			[]string{"file_ticket at gone for internal: pending", mail},
		},
		"unresolved and nobody to reach waits for contact data": {
			func(c *chat.Conversation, _ *config.Organization) {
				c.Snapshot.Outcome, c.Snapshot.User.Email = "unresolved", ""
			},
			[]string{"file_ticket at zd for internal: pending, normal, held by contact for 30m0s", mail + ", held by contact for 30m0s"},
		},
		"a follow-up with nobody to reach does not wait": {
			func(c *chat.Conversation, _ *config.Organization) { c.Snapshot.User.Email = "" },
			[]string{"file_ticket at zd for internal: pending, normal", mail + ", held by contact for 30m0s"},
		},
		"unresolved with a number to reach does not wait": {
			func(c *chat.Conversation, _ *config.Organization) {
				c.Snapshot.Outcome, c.Snapshot.User = "unresolved", chat.User{Phone: "070"}
			},
			[]string{"file_ticket at zd for internal: pending, normal", mail + ", held by contact for 30m0s"},
		},
		"without a contact wait nothing waits for contact data": {
			func(c *chat.Conversation, o *config.Organization) {
				c.Snapshot.Outcome, c.Snapshot.User.Email, o.ContactWait = "unresolved", "", 0
			},
			[]string{"file_ticket at zd for internal: pending, normal", "email_transcript at mail for customer: suppressed, no_address"},
		},
		"an address that is no good suppresses the transcript alone": {
			func(c *chat.Conversation, _ *config.Organization) { c.Snapshot.User.Email = "ann at example" },
			[]string{"file_ticket at zd for internal: pending, normal", "email_transcript at mail for customer: suppressed, bad_address"},
		},
		"a transcript may wait for the ticket's number": {
			func(_ *chat.Conversation, o *config.Organization) {
				o.Transcripts[0].WaitForTicket = config.Duration(time.Minute)
			},
			[]string{"file_ticket at zd for internal: pending, normal", mail + ", held by dependency for 1m0s"},
		},
		"a transcript does not wait for a ticket that there is not": {
			func(c *chat.Conversation, o *config.Organization) {
				c.Snapshot.Outcome, o.Transcripts[0].WaitForTicket = "resolved", config.Duration(time.Minute)
			},
			[]string{mail},
		},
		"two rules for one reader are one mail": {
			func(_ *chat.Conversation, o *config.Organization) {
				o.Transcripts = []config.TranscriptRule{
					{To: "qa@acme.example", Audience: chat.Internal}, {To: " QA@ACME.example", Audience: chat.Internal},
					{To: plan.ToUser, Audience: chat.Customer}, {To: plan.ToUser, Audience: chat.Customer},
				}
			},
			[]string{"file_ticket at zd for internal: pending, normal", "email_transcript at mail for internal: pending to qa@acme.example", mail},
		},
		"a rule that names the user's own address is no second mail to the user": {
			func(_ *chat.Conversation, o *config.Organization) {
				o.Transcripts = []config.TranscriptRule{
					{To: " Ann@Example.com", Audience: chat.Customer}, {To: plan.ToUser, Audience: chat.Customer}, {To: "archive@acme.example", Audience: chat.Customer},
				}
			},
			[]string{"file_ticket at zd for internal: pending, normal", mail, "email_transcript at mail for customer: pending to archive@acme.example"},
		},
		"a rule that names the user's own address counts where the user's does not": {
			func(_ *chat.Conversation, o *config.Organization) {
				o.Transcripts = []config.TranscriptRule{
					{To: "ann@example.com", Audience: chat.Customer},
					{To: plan.ToUser, Audience: chat.Customer, When: config.When{Groups: []string{"tea"}}},
				}
			},
			[]string{"file_ticket at zd for internal: pending, normal", mail + " to ann@example.com"},
		},
		"one reader of two audiences is two mails": {
			func(_ *chat.Conversation, o *config.Organization) {
				o.Transcripts = []config.TranscriptRule{{To: "qa@acme.example", Audience: chat.Internal}, {To: "qa@acme.example", Audience: chat.Customer}}
			},
			[]string{
				"file_ticket at zd for internal: pending, normal", "email_transcript at mail for internal: pending to qa@acme.example",
				"email_transcript at mail for customer: pending to qa@acme.example",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conversation, organization := followUp(), acme()
			c.change(&conversation, organization)
			got := plan.For(conversation, organization)
			if diff := cmp.Diff(c.want, lines(got)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(got, plan.For(conversation, organization)); diff != "" {
				t.Errorf("the second plan differs: %s", diff)
			}
			for _, d := range got {
				if d.Params.Rule == "" || d.Organization != "acme" || d.Conversation != "c" || d.Episode != conversation.Snapshot.Episode {
					t.Errorf("%+v", d)
				}
				if waits := d.Hold == chat.HeldByDependency; waits && d.DependsOn != got[0].ID {
					t.Errorf("%s waits for nothing", d.Action)
				}
			}
		})
	}
}

func TestKeysDependOnNothingOfTodaysConfiguration(t *testing.T) {
	t.Parallel()
	c := followUp()
	c.Snapshot.Notes = []chat.Note{{ID: "n1"}}
	one, other := acme(), acme()
	other.Tickets = []config.TicketRule{{Desk: "rt", Body: chat.Customer, Priority: "low"}}
	other.Transcripts[0].WaitForTicket = config.Duration(time.Minute)
	a, b := plan.For(c, one), plan.For(c, other)
	for i := range a {
		if a[i].ID != b[i].ID {
			t.Errorf("%s has another key", a[i].Action)
		}
	}
}

func TestATicketsFieldsAreFilledFromTheForm(t *testing.T) {
	t.Parallel()
	c, o := followUp(), acme()
	c.Snapshot.Form, c.Snapshot.Product = []chat.Answer{{Key: "order_id", Value: "A-1007"}}, "Espresso"
	o.Tickets[1].Fields = map[string]string{"360012": "{{ .Form.order_id }}", "product": "{{ .Product }}"}
	if diff := cmp.Diff(map[string]string{"360012": "A-1007", "product": "Espresso"}, plan.For(c, o)[0].Params.Fields); diff != "" {
		t.Error(diff)
	}
}

func TestAnAdditionToATicketHasNoGroupOrFieldsOfAnotherDesk(t *testing.T) {
	t.Parallel()
	for desk, want := range map[string]string{"zd": "Coffee", "rt": ""} {
		for name, c := range map[string]chat.Conversation{
			"there":       {Ticket: &chat.TicketRef{Desk: desk, Ref: chat.Ref{ID: "7"}}},
			"being filed": {AwaitedDesk: desk},
		} {
			conversation, o := followUp(), acme()
			conversation.Ticket, conversation.AwaitedDesk = c.Ticket, c.AwaitedDesk
			o.Tickets[1].Fields = map[string]string{"360012": "x"}
			got := plan.For(conversation, o)[0]
			if got.Target != desk || got.Params.Group != want || (got.Params.Fields != nil) != (want != "") {
				t.Errorf("ticket %s at %s: at %s, group %q, fields %v", name, desk, got.Target, got.Params.Group, got.Params.Fields)
			}
		}
	}
}

func TestOneBareAddressIsGood(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"ann@example.com": true, "ann+chat@sub.example.com": true, "änn@exämple.com": true,
		"": false, "ann": false, "ann@": false, "@example.com": false, "Ann <ann@example.com>": false,
		"ann@example.com, eve@example.com": false, "ann@example.com\r\nBcc: eve@example.com": false, "ann@exa\x00mple.com": false,
	} {
		if got := plan.GoodAddress(address); got != want {
			t.Errorf("%q: %t", address, got)
		}
	}
}
