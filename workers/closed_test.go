package workers_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store"
)

// closedAfter is a chat whose ticket was filed, got its notes and was closed for good.
func closedAfter(t *testing.T) (*rig, *vendor) {
	t.Helper()
	r := newRig(t)
	r.worker.Resting = rested{}
	r.organization().Tickets[0].Group, r.organization().Tickets[0].Body = "Coffee", chat.Customer
	v := r.account("zd", searchable(), "")
	ids := r.end(sample("c", 1))
	r.run(ids[chat.FileTicket])
	r.run(ids[chat.AttachNotes])
	v.close(v.things("ticket")[0].ref)
	return r, v
}

// lateNote takes a note after the end, and returns the delivery that brings it.
func (r *rig) lateNote(id, text string) chat.Key {
	r.t.Helper()
	err := r.take("chat:note", map[string]any{"organization": acme, "conversation": "c", "id": id, "agent": "a_1", "text": text, "at": "2026-11-25T09:00:00Z"})
	if err != nil {
		r.t.Fatal(err)
	}
	return chat.NewKey(acme, "c", 1, chat.AttachNotes, id)
}

// followUp returns the file_ticket that follows a closed ticket.
func (r *rig) followUp() store.Timeline {
	r.t.Helper()
	all, err := r.store.Deliveries(r.t.Context(), acme, "c")
	if err != nil {
		r.t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(d store.Timeline) bool { return d.Params.FollowUp != "" })
	if i < 0 {
		r.t.Fatal("no ticket follows the closed one")
	}
	return all[i]
}

func TestALateNoteOnAClosedTicketStandsOnATicketThatFollowsIt(t *testing.T) {
	t.Parallel()
	r, v := closedAfter(t)
	one, two := r.lateNote("n8", "The boiler again"), r.lateNote("n9", "And the pump")
	for _, id := range []chat.Key{one, two} {
		if d := r.run(id); d.State != chat.Pending || d.Hold != chat.HeldByDependency || d.Error != "conflict: ticket_closed" {
			t.Fatalf("%s, held by %q (%s)", d.State, d.Hold, d.Error)
		}
	}
	if d := r.run(r.followUp().ID); d.State != chat.Delivered {
		t.Fatalf("the ticket that follows is %s (%s)", d.State, d.Error)
	}
	for _, id := range []chat.Key{one, two} {
		if d := r.run(id); d.State != chat.Delivered || d.Error != "" {
			t.Errorf("%s (%s)", d.State, d.Error)
		}
	}
	tickets, comments := v.things("ticket"), v.things("comment")
	if len(tickets) != 2 || tickets[1].followUp == nil || tickets[1].followUp.ID != tickets[0].ref.ID {
		t.Fatalf("tickets: %+v", tickets)
	}
	if next := tickets[1]; next.public || !next.quiet || next.group != "Coffee" {
		t.Errorf("the ticket that follows is public %t, quiet %t, of the group %q", next.public, next.quiet, next.group)
	}
	if len(comments) != 3 {
		t.Fatalf("comments: %+v", comments)
	}
	for i, text := range map[int]string{1: "The boiler again", 2: "And the pump"} {
		if c := comments[i]; c.on != tickets[1].ref.ID || c.public || !strings.Contains(c.text, text) {
			t.Errorf("comment: %+v", c)
		}
	}
	if c, err := r.store.Conversation(t.Context(), acme, "c"); err != nil || c.Ticket.ID != tickets[1].ref.ID {
		t.Errorf("the conversation's ticket is %+v, %v", c.Ticket, err)
	}
}

func TestALateContactOfAClosedTicketIsBroughtToTheTicketThatFollowsIt(t *testing.T) {
	t.Parallel()
	r, v := closedAfter(t)
	a := &amender{vendor: v, refuses: fault.New(fault.Conflict, "ticket_closed", "")}
	r.accounts["zd"] = connectors.NewAccount(a, settings{}, free{}, func(string, string, time.Duration) {})
	if err := r.take("chat:contact", map[string]any{"organization": acme, "conversation": "c", "id": "k", "email": "late@example.com"}); err != nil {
		t.Fatal(err)
	}
	id := chat.NewKey(acme, "c", 1, chat.AmendTicket, "k")
	if d := r.run(id); d.State != chat.Pending || d.Hold != chat.HeldByDependency {
		t.Fatalf("%s, held by %q (%s)", d.State, d.Hold, d.Error)
	}
	r.run(r.followUp().ID)
	a.refuses = nil
	if d := r.run(id); d.State != chat.Delivered || a.requester.Email != "late@example.com" {
		t.Errorf("%s (%s), the requester is %q", d.State, d.Error, a.requester.Email)
	}
}

func TestATicketThatIsGoneIsFollowedAsAClosedOne(t *testing.T) {
	t.Parallel()
	r, v := closedAfter(t)
	v.closed = nil
	v.mishaps = []mishap{not(fault.NotFound)}
	id := r.lateNote("n9", "Late")
	if d := r.run(id); d.State != chat.Pending || d.Hold != chat.HeldByDependency {
		t.Fatalf("%s, held by %q (%s)", d.State, d.Hold, d.Error)
	}
	r.run(r.followUp().ID)
	if d := r.run(id); d.State != chat.Delivered {
		t.Errorf("%s (%s)", d.State, d.Error)
	}
	if tickets := v.things("ticket"); len(tickets) != 2 || tickets[1].followUp != nil || !strings.Contains(tickets[1].text, "zd 1") {
		t.Errorf("tickets: %+v", tickets)
	}
}

func TestATicketThatFollowsAClosedOneIsFiledOnceThoughItsAnswerIsLost(t *testing.T) {
	t.Parallel()
	r, v := closedAfter(t)
	id := r.lateNote("n9", "Late")
	r.run(id)
	follows := r.followUp().ID
	v.mishaps = []mishap{lost()}
	if d := r.run(follows); d.State != chat.Pending || !d.LookFirst {
		t.Fatalf("%s, look first %t", d.State, d.LookFirst)
	}
	r.age(follows, time.Hour)
	r.run(follows)
	if d := r.run(id); d.State != chat.Delivered || len(v.things("ticket")) != 2 {
		t.Errorf("%s (%s) with %d tickets", d.State, d.Error, len(v.things("ticket")))
	}
}

func TestANoteThatWaitsIsBroughtToTheTicketOfALaterEpisodeAndNoSecondOneFollows(t *testing.T) {
	t.Parallel()
	r, v := closedAfter(t)
	id := r.lateNote("n9", "Late")
	r.run(id)
	follows := r.followUp().ID
	if err := r.store.CancelDelivery(t.Context(), acme, follows); err != nil {
		t.Fatal(err)
	}
	if d := r.see(id); d.State != chat.Failed || d.Error != "conflict: ticket_closed" {
		t.Fatalf("without a ticket to come: %s (%s)", d.State, d.Error)
	}
	second := sample("c", 2)
	second.Notes = nil
	two := r.end(second)[chat.FileTicket]
	if d := r.run(two); d.State != chat.Delivered {
		t.Fatalf("%s (%s)", d.State, d.Error)
	}
	if d := r.run(id); d.State != chat.Delivered {
		t.Errorf("%s (%s)", d.State, d.Error)
	}
	if err := r.store.RetryDelivery(t.Context(), acme, follows, true, false); err != nil {
		t.Fatal(err)
	}
	if d := r.run(follows); d.State != chat.Suppressed || d.Error != "ticket_replaced" || len(v.things("ticket")) != 2 {
		t.Errorf("%s (%s) with %d tickets", d.State, d.Error, len(v.things("ticket")))
	}
}
