package workers_test

import (
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store"
	"github.com/afterchat/afterchat/workers/tasks"
)

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
