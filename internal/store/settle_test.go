package store_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
)

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
