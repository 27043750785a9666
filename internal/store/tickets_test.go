package store_test

import (
	"fmt"
	"slices"
	"sync"
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

func TestANoteThatComesWhileItsEpisodeIsFrozenIsInTheSnapshotOrLateButNeverNeitherNorBoth(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const chats, notes = 40, 4
	frozen, late := 0, 0
	for i := range chats {
		id := fmt.Sprintf("c%d", i)
		deliveries, err := r.end(acme, snapshot(id, 1), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		r.exec("update episodes set freeze_at = now() - interval '1 second'")
		var all sync.WaitGroup
		for n := range notes {
			all.Go(func() {
				if _, err := r.AddNote(t.Context(), acme, id, note(fmt.Sprintf("n%d", n), "x")); err != nil {
					t.Error(err)
				}
			})
		}
		all.Go(func() {
			if _, err := r.FreezeSettled(t.Context(), 10); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
		ids := byAction(deliveries)
		in := r.frozen(r.claim(ids[chat.FileTicket])).Notes
		for n := range notes {
			name := fmt.Sprintf("n%d", n)
			inSnapshot := slices.ContainsFunc(in, func(x chat.Note) bool { return x.ID == name })
			isLate := r.count("select count(*) from deliveries where id = $1", chat.NewKey(acme, id, 1, chat.AttachNotes, name)) == 1
			if inSnapshot == isLate {
				t.Errorf("%s of %s: in the snapshot %t, late %t", name, id, inSnapshot, isLate)
			}
			if inSnapshot {
				frozen++
			} else {
				late++
			}
		}
		end := r.count("select count(*) from deliveries where id = $1", chat.NewKey(acme, id, 1, chat.AttachNotes, chat.EndNotes))
		if (len(in) > 0) != (end == 1) {
			t.Errorf("%s: %d notes in the snapshot and %d comments for them", id, len(in), end)
		}
	}
	t.Logf("%d notes in snapshots, %d late", frozen, late)
	if frozen == 0 || late == 0 {
		t.Log("this run had no race: all notes came on one side")
	}
}

func TestWhileAnEpisodeSettlesNothingIsMadeAndThenEverything(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	deliveries, err := r.end(acme, snapshot("c", 1), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	ids := byAction(deliveries)
	r.want(ids[chat.FileTicket], chat.Pending, chat.HeldBySettle)
	r.want(ids[chat.EmailTranscript], chat.Pending, chat.HeldBySettle)
	r.refused(ids[chat.FileTicket])
	if n, err := r.FreezeSettled(t.Context(), 10); n != 0 || err != nil {
		t.Errorf("%d frozen too early, %v", n, err)
	}
	if _, err := r.AddNote(t.Context(), acme, "c", note("n1", "In time")); err != nil {
		t.Fatal(err)
	}
	r.exec("update episodes set freeze_at = now()")
	if n, err := r.FreezeSettled(t.Context(), 10); n != 1 || err != nil {
		t.Errorf("%d frozen, %v", n, err)
	}
	c := r.claim(ids[chat.FileTicket])
	if got := r.frozen(c).Notes; len(got) != 1 {
		t.Errorf("frozen with %+v", got)
	}
	notes := chat.NewKey(acme, "c", 1, chat.AttachNotes, chat.EndNotes)
	r.want(notes, chat.Pending, chat.HeldByDependency)
	r.record(c, worked(c.Delivery, "7"))
	r.deliver(notes, "8")
	r.deliver(ids[chat.EmailTranscript], "9")
}

func TestOneEpisodeThatCannotBeFrozenKeepsNoOtherFromIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, id := range []string{"bad", "good"} {
		if _, err := r.end(acme, snapshot(id, 1), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	r.exec("update episodes set snapshot = 'not zstd' where conversation = (select conversation from conversations where id = 'bad')")
	r.exec("update episodes set freeze_at = now() - case when snapshot = 'not zstd' then interval '1 hour' else '0' end")
	if _, err := r.FreezeSettled(t.Context(), 10); err == nil {
		t.Error("nobody hears of the bad one")
	}
	if n := r.count("select count(*) from episodes where state = 'frozen'"); n != 1 {
		t.Errorf("%d episodes are frozen", n)
	}
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

func TestALaterEpisodeWaitsForTheTicketAndIsAddedToIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one := r.mustEnd(snapshot("c", 1))[chat.FileTicket]
	r.organization.Tickets[0].Desk = "another"
	two := r.mustEnd(snapshot("c", 2))[chat.FileTicket]
	if target := r.see(two).Target; target != "zd" {
		t.Errorf("the second episode goes to %q", target)
	}
	r.refused(two)
	r.want(two, chat.Pending, chat.HeldByDependency)
	first := r.claim(one)
	r.age(two, time.Minute)
	r.refused(two) // it is being called
	r.record(first, worked(first.Delivery, "7"))
	c := r.claim(two)
	if c.Ticket == nil || c.Ticket.ID != "7" || c.Ticket.Desk != "zd" || c.OwnTicket {
		t.Errorf("the second episode sees the ticket %+v, its own: %t", c.Ticket, c.OwnTicket)
	}
	r.record(c, store.Outcome{Result: chat.Result{Ref: chat.Ref{ID: "7"}}})
	three := r.mustEnd(snapshot("c", 3))[chat.FileTicket]
	if c := r.claim(three); c.Ticket == nil || c.Ticket.ID != "7" {
		t.Errorf("the third episode sees the ticket %+v", c.Ticket)
	}
}

func TestALaterEpisodeWaitsForWhatIsUnknownAndFilesItselfAfterAFailure(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one := r.mustEnd(snapshot("c", 1))[chat.FileTicket]
	two := r.mustEnd(snapshot("c", 2))[chat.FileTicket]
	r.record(r.claim(one), store.Outcome{Result: chat.Result{Err: fault.New(fault.Ambiguous, "timeout", "")}})
	r.want(one, chat.Unknown, "")
	r.refused(two)
	if err := r.ResolveDelivery(t.Context(), acme, one, chat.Failed, chat.Ref{}); err != nil {
		t.Fatal(err)
	}
	if c := r.claim(two); c.Ticket != nil {
		t.Errorf("the second episode sees the ticket %+v", c.Ticket)
	}
}

func TestAnEarlierEpisodeThatIsRetriedWaitsForALaterOnesOpenCall(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one := r.mustEnd(snapshot("c", 1))[chat.FileTicket]
	two := r.mustEnd(snapshot("c", 2))[chat.FileTicket]
	if err := r.CancelDelivery(t.Context(), acme, one); err != nil {
		t.Fatal(err)
	}
	r.record(r.claim(two), store.Outcome{Result: chat.Result{Err: fault.New(fault.Ambiguous, "timeout", ""), CanLook: true}})
	if err := r.RetryDelivery(t.Context(), acme, one, true, false); err != nil {
		t.Fatal(err)
	}
	r.refused(one)
	r.want(one, chat.Pending, chat.HeldByDependency)
	r.age(two, time.Minute)
	second := r.claim(two) // it looks, whoever else has not been tried yet
	r.refused(one)
	r.record(second, worked(second.Delivery, "7"))
	if c := r.claim(one); c.Ticket == nil || c.Ticket.ID != "7" {
		t.Errorf("the first episode sees the ticket %+v", c.Ticket)
	}
}

func TestEpisodesThatEndTogetherFileOneTicket(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const episodes = 6
	other := r.open()
	var keys []chat.Key
	for e := range episodes {
		keys = append(keys, r.mustEnd(snapshot("c", e+1))[chat.FileTicket])
	}
	slices.Reverse(keys)
	var mu sync.Mutex
	created, appended := 0, 0
	for range 10 * episodes {
		var all sync.WaitGroup
		for i, id := range keys {
			s := []*store.Store{r.Store, other}[i%2]
			all.Go(func() {
				c, err := s.Claim(t.Context(), id, true, "desk")
				if err != nil || c == nil {
					return
				}
				mu.Lock()
				o := store.Outcome{Result: chat.Result{Ref: chat.Ref{ID: "7"}}}
				if c.Ticket == nil {
					created++
					o = worked(c.Delivery, "7")
				} else {
					appended++
				}
				mu.Unlock()
				if err := s.Record(t.Context(), c, o); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		r.exec("update deliveries set due_at = now() where due_at > now()")
	}
	if created != 1 || appended != episodes-1 {
		t.Errorf("%d tickets and %d additions", created, appended)
	}
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

func TestAContactThatComesWhileTheEpisodeSettlesDoesNotEndTheSettling(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.organization.ContactWait = config.Duration(30 * time.Minute)
	s := snapshot("c", 1)
	s.User, s.Outcome = chat.User{}, "unresolved"
	deliveries, err := r.end(acme, s, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	ticket := byAction(deliveries)[chat.FileTicket]
	r.want(ticket, chat.Pending, chat.HeldByContact)
	if _, err := r.AddContact(t.Context(), acme, "c", chat.Contact{ID: "k", Email: "ann@example.com"}); err != nil {
		t.Fatal(err)
	}
	r.want(ticket, chat.Pending, chat.HeldBySettle)
	r.refused(ticket)
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

func TestWhatWaitsForContactDataOrToSettleDoesNotGrowOldMeanwhile(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const wait = 100 * time.Hour // more than max_age
	r.organization.ContactWait = config.Duration(wait)
	s := snapshot("c", 1)
	s.User, s.Outcome = chat.User{}, "unresolved"
	waited := r.mustEnd(s)[chat.FileTicket]
	deliveries, err := r.end(acme, snapshot("d", 1), wait)
	if err != nil {
		t.Fatal(err)
	}
	for why, id := range map[string]chat.Key{"contact": waited, "settle": byAction(deliveries)[chat.FileTicket]} {
		r.age(id, wait)
		if c, err := r.Claim(t.Context(), id, true, "desk"); err != nil || c == nil {
			t.Errorf("after the wait (%s): %v, %s (%s)", why, err, r.see(id).State, r.see(id).Error)
		}
	}
}
