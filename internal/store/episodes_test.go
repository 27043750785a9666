package store_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store"
)

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
