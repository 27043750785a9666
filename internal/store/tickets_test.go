package store_test

import (
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store"
)

// refusal is the outcome of a call that was refused for good.
func refusal() store.Outcome {
	return store.Outcome{Result: chat.Result{Err: fault.New(fault.Invalid, "http_422", "")}}
}

func TestALateNoteWaitsForItsTicketAndIsOneMoreComment(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ids := r.mustEnd(snapshot("c", 1))
	if _, err := r.AddNote(t.Context(), acme, "c", note("n9", "Late")); err != nil {
		t.Fatal(err)
	}
	late := chat.NewKey(acme, "c", 1, chat.AttachNotes, "n9")
	r.want(late, chat.Pending, chat.HeldByDependency)
	r.refused(late)
	r.deliver(ids[chat.FileTicket], "7")
	c := r.claim(late)
	if n, err := r.LateNote(t.Context(), c); err != nil || n.Text != "Late" || c.Ticket == nil || c.Ticket.ID != "7" {
		t.Errorf("%+v on %+v, %v", n, c.Ticket, err)
	}
	if got := r.frozen(c).Notes; len(got) != 0 {
		t.Errorf("the frozen snapshot has %+v", got)
	}
	if _, err := r.AddNote(t.Context(), acme, "c", note("n10", "Later still")); err != nil {
		t.Fatal(err)
	}
	r.claim(chat.NewKey(acme, "c", 1, chat.AttachNotes, "n10"))
	if n := r.count("select count(*) from deliveries where action = 'email_transcript'"); n != 1 {
		t.Errorf("a late note mailed the customer: %d transcripts", n)
	}
}

func TestAFailedTicketCancelsWhatWaitsForItAndASuccessRevivesIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := snapshot("c", 1)
	s.Notes = []chat.Note{note("n1", "x")}
	ids := r.mustEnd(s)
	r.record(r.claim(ids[chat.FileTicket]), refusal())
	r.want(ids[chat.FileTicket], chat.Failed, "")
	r.want(ids[chat.AttachNotes], chat.Cancelled, "")
	if _, err := r.AddNote(t.Context(), acme, "c", note("n9", "Late")); err != nil {
		t.Fatal(err)
	}
	late := chat.NewKey(acme, "c", 1, chat.AttachNotes, "n9")
	r.want(late, chat.Cancelled, "")
	if err := r.RetryDelivery(t.Context(), acme, ids[chat.FileTicket], true, false); err != nil {
		t.Fatal(err)
	}
	r.deliver(ids[chat.FileTicket], "7")
	r.deliver(ids[chat.AttachNotes], "8")
	r.deliver(late, "9")
}

func TestACancelledTicketCancelsWhatWaitsForIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := snapshot("c", 1)
	s.Notes = []chat.Note{note("n1", "x")}
	ids := r.mustEnd(s)
	if err := r.CancelDelivery(t.Context(), acme, ids[chat.FileTicket]); err != nil {
		t.Fatal(err)
	}
	r.want(ids[chat.AttachNotes], chat.Cancelled, "")
}

func TestAnUnknownTicketHoldsWhatWaitsForItUntilAPersonResolvesIt(t *testing.T) {
	t.Parallel()
	for to, want := range map[chat.State]chat.State{chat.Delivered: chat.Pending, chat.Failed: chat.Cancelled} {
		t.Run(string(to), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			s := snapshot("c", 1)
			s.Notes = []chat.Note{note("n1", "x")}
			ids := r.mustEnd(s)
			r.record(r.claim(ids[chat.FileTicket]), store.Outcome{Result: chat.Result{Err: fault.New(fault.Ambiguous, "timeout", "")}})
			r.want(ids[chat.FileTicket], chat.Unknown, "")
			r.want(ids[chat.AttachNotes], chat.Pending, chat.HeldByDependency)
			if err := r.ResolveDelivery(t.Context(), acme, ids[chat.FileTicket], to, chat.Ref{ID: "7"}); err != nil {
				t.Fatal(err)
			}
			r.want(ids[chat.AttachNotes], want, "")
			if ticket := r.conversation("c").Ticket; (ticket != nil) != (to == chat.Delivered) {
				t.Errorf("the ticket is %+v", ticket)
			}
		})
	}
}

func TestATranscriptMayWaitForTheTicketsNumber(t *testing.T) {
	t.Parallel()
	for name, ends := range map[string]store.Outcome{"filed": {}, "not filed": refusal()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.organization.Transcripts[0].WaitForTicket = config.Duration(time.Hour)
			ids := r.mustEnd(snapshot("c", 1))
			r.want(ids[chat.EmailTranscript], chat.Pending, chat.HeldByDependency)
			r.refused(ids[chat.EmailTranscript])
			c := r.claim(ids[chat.FileTicket])
			if ends.Err == nil {
				ends = worked(c.Delivery, "7")
			}
			r.record(c, ends)
			if got := r.claim(ids[chat.EmailTranscript]).Ticket; (got != nil) != (ends.Err == nil) {
				t.Errorf("it is sent with the ticket %+v", got)
			}
		})
	}
	t.Run("at most so long", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.organization.Transcripts[0].WaitForTicket = config.Duration(time.Hour)
		ids := r.mustEnd(snapshot("c", 1))
		r.age(ids[chat.EmailTranscript], time.Hour)
		r.claim(ids[chat.EmailTranscript])
	})
}

func TestATicketThatReplacesNoneDoesNotBecomeTheConversationsBesideAnother(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one := r.claim(r.mustEnd(snapshot("c", 1))[chat.FileTicket])
	r.age(one.ID, time.Hour)
	again := r.claim(one.ID) // it is taken over, and found
	r.record(again, worked(again.Delivery, "7"))
	r.record(one, worked(one.Delivery, "8")) // the first call's answer, late
	two := r.claim(r.mustEnd(snapshot("c", 2))[chat.FileTicket])
	r.record(two, worked(two.Delivery, "9"))
	if c := r.claim(r.mustEnd(snapshot("c", 3))[chat.FileTicket]); c.Ticket.ID != "7" {
		t.Errorf("the third episode sees the ticket %+v", c.Ticket)
	}
}

func TestATicketThatReplacesAClosedOneIsTheConversationsFromThenOn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.deliver(r.mustEnd(snapshot("c", 1))[chat.FileTicket], "7")
	c := r.claim(r.mustEnd(snapshot("c", 2))[chat.FileTicket])
	o := worked(c.Delivery, "8")
	o.Replaces = true
	r.record(c, o)
	if c := r.claim(r.mustEnd(snapshot("c", 3))[chat.FileTicket]); c.Ticket.ID != "8" {
		t.Errorf("the third episode sees the ticket %+v", c.Ticket)
	}
}

func TestAContactBeforeTheTicketsFirstTryBecomesItsRequesterAndALaterOneAmendsIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ids := r.mustEnd(snapshot("c", 1))
	early := chat.Contact{ID: "k1", Email: "early@example.com", Answers: []chat.Answer{{Key: "order", Value: "A-1"}}}
	if _, err := r.AddContact(t.Context(), acme, "c", early); err != nil {
		t.Fatal(err)
	}
	if n := r.count("select count(*) from deliveries where action = 'amend_ticket'"); n != 0 {
		t.Error("an early contact amends the ticket")
	}
	c := r.claim(ids[chat.FileTicket])
	if _, err := r.AddContact(t.Context(), acme, "c", chat.Contact{ID: "k2", Email: "late@example.com"}); err != nil {
		t.Fatal(err)
	}
	if got := r.frozen(c); got.User.Email != "early@example.com" || len(got.Form) != 1 {
		t.Errorf("the ticket is from %+v with %+v", got.User, got.Form)
	}
	amendment := chat.NewKey(acme, "c", 1, chat.AmendTicket, "k2")
	r.want(amendment, chat.Pending, chat.HeldByDependency)
	r.record(c, worked(c.Delivery, "7"))
	a := r.claim(amendment)
	if got, err := r.LateContact(t.Context(), a); err != nil || got.Email != "late@example.com" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestNotesThatAPersonRetriesWithoutATicketWaitForIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := snapshot("c", 1)
	s.Notes = []chat.Note{note("n1", "x")}
	ids := r.mustEnd(s)
	r.record(r.claim(ids[chat.FileTicket]), refusal())
	if err := r.RetryDelivery(t.Context(), acme, ids[chat.AttachNotes], true, false); err != nil {
		t.Fatal(err)
	}
	r.refused(ids[chat.AttachNotes])
	r.want(ids[chat.AttachNotes], chat.Pending, chat.HeldByDependency)
	if err := r.RetryDelivery(t.Context(), acme, ids[chat.FileTicket], true, false); err != nil {
		t.Fatal(err)
	}
	r.deliver(ids[chat.FileTicket], "7")
	r.deliver(ids[chat.AttachNotes], "8")
}
