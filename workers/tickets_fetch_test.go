package workers_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store"
	"github.com/afterchat/afterchat/workers/tasks"
)

// archive is a desk that lists tickets, each time when it is told to.
type archive struct{ asked, answer chan struct{} }

func (archive) Traits() connectors.Traits { return connectors.Traits{} }

func (a archive) TicketsOf(ctx context.Context, _ connectors.Person, _ int) ([]chat.PriorTicket, error) {
	a.asked <- struct{}{}
	select {
	case <-a.answer:
		return []chat.PriorTicket{{ID: "35"}}, nil
	case <-ctx.Done():
		return nil, fault.New(fault.Transient, "no_answer", "the desk did not answer")
	}
}

// fetch opens a chat and asks for its user's tickets.
func (r *rig) fetch(id string) error {
	s := sample(id, 1)
	s.EndedAt = time.Time{}
	body, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := r.worker.Intake.Open(r.t.Context(), r.organization(), id, body); err != nil {
		return err
	}
	payload, err := json.Marshal(tasks.Fetch{Organization: acme, Conversation: id})
	if err != nil {
		return err
	}
	return r.worker.Handler().ProcessTask(r.t.Context(), asynq.NewTask(tasks.TypeTicketsFetch, payload))
}

func (r *rig) known(id string) store.PriorTickets {
	r.t.Helper()
	list, err := r.store.PriorTickets(r.t.Context(), acme, id)
	if err != nil {
		r.t.Fatal(err)
	}
	if len(list) == 0 {
		return store.PriorTickets{}
	}
	return list[0]
}

// The workers that wait for a desk that answers nothing are not there for anybody else.
func TestADeskIsAskedForTicketsByAFewWorkersAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := archive{make(chan struct{}), make(chan struct{})}
	account := connectors.NewAccount(a, settings{}, free{}, func(string, string, time.Duration) {})
	account.ShareWorkers(connectors.NewWorkers(1))
	r.accounts["zd"] = account
	ask := func(id string) <-chan error {
		done := make(chan error, 1)
		go func() { done <- r.fetch(id) }()
		<-a.asked
		return done
	}
	first := ask("c1")
	if err := r.fetch("c2"); !fault.Is(err, fault.RateLimited) || fault.RetryAfterOf(err) <= 0 || r.known("c2").Desk != "" {
		t.Errorf("a second worker: %v, and knows %+v", err, r.known("c2"))
	}
	time.Sleep(5 * time.Second) // from when on an answer is slow
	a.answer <- struct{}{}
	if err := <-first; err != nil || len(r.known("c1").Tickets) != 1 {
		t.Errorf("the first: %v, and knows %+v", err, r.known("c1"))
	}
	next := ask("c3")
	if err := r.fetch("c2"); err != nil || r.known("c2").Error != "rate_limited" {
		t.Errorf("a second worker at a slow desk: %v, and knows %+v", err, r.known("c2"))
	}
	a.answer <- struct{}{}
	if err := <-next; err != nil {
		t.Error(err)
	}
	last := ask("c2")
	a.answer <- struct{}{}
	if err := <-last; err != nil || len(r.known("c2").Tickets) != 1 {
		t.Errorf("in the end: %v, and knows %+v", err, r.known("c2"))
	}
}

func TestADeskThatRestsIsNotAskedForTickets(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	v := r.account("zd", searchable(), "")
	r.end(sample("c", 1))
	fetch := func() store.PriorTickets {
		t.Helper()
		task := asynq.NewTask(tasks.TypeTicketsFetch, []byte(`{"organization":"acme","conversation":"c"}`))
		if err := r.worker.Handler().ProcessTask(t.Context(), task); err != nil {
			t.Fatal(err)
		}
		found, err := r.store.PriorTickets(t.Context(), acme, "c")
		if err != nil || len(found) != 1 {
			t.Fatalf("%+v, %v", found, err)
		}
		return found[0]
	}
	desk := store.Account{Organization: acme, Target: "zd"}
	r.rests.Rest(desk, time.Minute)
	if p := fetch(); v.looks != 0 || p.Error != fault.RateLimited.String() {
		t.Errorf("asked %d times, %q", v.looks, p.Error)
	}
	r.worker.Resting = refusedAndResting{}
	if p := fetch(); v.looks != 0 || p.Error != fault.Denied.String() {
		t.Errorf("paused: asked %d times, %q", v.looks, p.Error)
	}
	r.worker.Resting = pausedAndOver{}
	if p := fetch(); v.looks != 1 || p.Error != "" || p.FetchedAt == nil {
		t.Errorf("after the pause: asked %d times, %+v", v.looks, p)
	}
}

// refusedAndResting is what a dispatcher knows during a pause.
type refusedAndResting struct{ rested }

func (refusedAndResting) RestsFor(store.Account) time.Duration { return time.Minute }
func (refusedAndResting) Paused(store.Account) bool            { return true }

// Tasks can outlive the database that they came from: it is restored, or begun anew.
func TestATaskAboutWhatTheDatabaseDoesNotKnowIsOverAndTakesNoRoomFromOthers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.account("zd", searchable(), "")
	run := func(taskType, payload string) {
		t.Helper()
		if err := r.worker.Handler().ProcessTask(t.Context(), asynq.NewTask(taskType, []byte(payload))); err != nil {
			t.Errorf("%s comes back: %v", taskType, err)
		}
	}
	delivery := `{"delivery":"00112233445566778899aabbccddeeff","organization":"acme","account":"zd"}`
	run(tasks.TypeFileTicket, delivery)
	run(tasks.TypeTicketsFetch, `{"organization":"acme","conversation":"nobody's"}`)
	r.rests.Rest(store.Account{Organization: acme, Target: "zd"}, time.Minute)
	run(tasks.TypeFileTicket, delivery)
}
