// Package dispatch brings what is due from PostgreSQL to asynq: fairly between
// organizations, and never more than Redis should hold, so that a backlog stays in
// PostgreSQL. What was handed out and is not finished in time is handed out again under
// a new name; that is the sweep, and it needs to know nothing of what Redis lost.
package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/hibiken/asynq"
	"golang.org/x/sync/errgroup"

	"github.com/afterchat/afterchat/internal/store"
	"github.com/afterchat/afterchat/workers"
	"github.com/afterchat/afterchat/workers/tasks"
)

// Queue is where wake-ups go. asynq's client and inspector are one.
type Queue interface {
	Enqueue(ctx context.Context, t *asynq.Task, options ...asynq.Option) error
	// Waiting returns how many deliveries' tasks wait in Redis.
	Waiting(ctx context.Context) (int, error)
}

// Settings bound the dispatcher.
type Settings struct {
	// Outstanding is how many wake-ups may wait in Redis.
	Outstanding int
	// Sweep is how often everything due is looked for, woken or not.
	Sweep time.Duration
	// Again is after how long an unfinished delivery is handed out again.
	Again time.Duration
}

// Dispatcher hands out wake-ups. Run it once per process; processes do not get in each
// other's way.
type Dispatcher struct {
	store    *store.Store
	queue    Queue
	rests    *Rests
	settings Settings
	log      *slog.Logger
	wake     chan struct{}

	// What the one goroutine of Run remembers: when it refreshed, and how many organizations
	// had something due in the last round.
	refreshed time.Time
	active    int
}

// New returns a dispatcher.
func New(s *store.Store, q Queue, r *Rests, settings Settings, log *slog.Logger) *Dispatcher {
	return &Dispatcher{store: s, queue: q, rests: r, settings: settings, log: log, wake: make(chan struct{}, 1)}
}

// Wake says that something may have become due. It never waits.
func (d *Dispatcher) Wake() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Run dispatches until ctx is done. An error of PostgreSQL or Redis is logged once per
// change and tried again; it never ends the loop.
func (d *Dispatcher) Run(ctx context.Context) {
	sweep := time.NewTicker(d.settings.Sweep)
	defer sweep.Stop()
	failing := ""
	for {
		more, err := d.round(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && err.Error() != failing:
			failing = err.Error()
			d.log.ErrorContext(ctx, "dispatch stopped for now", "error", failing)
		case err == nil && failing != "":
			failing = ""
			d.log.InfoContext(ctx, "dispatch goes on")
		}
		if more && err == nil {
			continue
		}
		// Whatever becomes due within a moment goes into one batch.
		pause(ctx, gather)
		select {
		case <-ctx.Done():
			return
		case <-d.wake:
		case <-sweep.C:
		}
	}
}

// gather is how long a round waits for more to become due.
const gather = 20 * time.Millisecond

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// round hands out one batch, and reports whether there may be more at once.
func (d *Dispatcher) round(ctx context.Context) (more bool, err error) {
	if err := d.refresh(ctx); err != nil {
		return false, err
	}
	waiting, err := d.queue.Waiting(ctx)
	if err != nil {
		return false, fmt.Errorf("asking Redis: %w", err)
	}
	room := d.settings.Outstanding - waiting
	if room <= 0 {
		return false, nil
	}
	// The room is shared by as many organizations as had something due last time.
	each := min(max(room/max(d.active, 1), 1), batch)
	wakeups, err := d.store.Dispatch(ctx, each, d.settings.Again, d.rests.Resting())
	if err != nil {
		return false, err
	}
	d.active = organizations(wakeups)
	return len(wakeups) >= each, d.enqueue(ctx, wakeups)
}

func organizations(wakeups []store.Wakeup) int {
	seen := map[string]bool{}
	for _, w := range wakeups {
		seen[w.Organization] = true
	}
	return len(seen)
}

// batch is how many wake-ups of one organization are handed out at a time, and
// enqueuers how many are on their way to Redis at once.
const (
	batch     = 128
	enqueuers = 8
)

// refreshEvery is how often pauses and settled episodes are looked for.
const refreshEvery = 500 * time.Millisecond

// refresh reads the accounts' pauses and freezes what has settled.
func (d *Dispatcher) refresh(ctx context.Context) error {
	if time.Since(d.refreshed) < refreshEvery {
		return nil
	}
	d.refreshed = time.Now()
	pauses, err := d.store.Pauses(ctx)
	if err != nil {
		return err
	}
	d.rests.replace(pauses)
	if _, err := d.store.FreezeSettled(ctx, batch); err != nil {
		// What else is due need not wait for it.
		d.log.ErrorContext(ctx, "episodes cannot be frozen", "error", err.Error())
	}
	return nil
}

// enqueue hands wake-ups to asynq. Their order says which was due first. One that cannot
// be handed out is due again after a while.
func (d *Dispatcher) enqueue(ctx context.Context, wakeups []store.Wakeup) error {
	var group errgroup.Group
	group.SetLimit(enqueuers)
	for _, w := range wakeups {
		group.Go(func() error {
			task, options, err := Task(w)
			if err != nil {
				return err
			}
			err = d.queue.Enqueue(ctx, task, options...)
			if err != nil && !errors.Is(err, asynq.ErrTaskIDConflict) {
				return fmt.Errorf("handing a task to Redis: %w", err)
			}
			return nil
		})
	}
	return group.Wait()
}

// longestCall is more than any connector takes for a call; asynq gives its task to another
// worker then.
const longestCall = 20 * time.Minute

// Task is the task of a wake-up: the delivery's id, and a name that no other wake-up
// has. It stays in Redis no longer than it runs.
func Task(w store.Wakeup) (*asynq.Task, []asynq.Option, error) {
	payload, err := json.Marshal(tasks.Delivery{Delivery: w.Delivery.String(), Organization: w.Organization, Account: w.Target})
	if err != nil {
		return nil, nil, fmt.Errorf("encoding a task: %w", err)
	}
	return asynq.NewTask(workers.TaskType(w.Action), payload), []asynq.Option{
		asynq.Queue(tasks.QueueDeliveries),
		asynq.TaskID(w.Delivery.String() + ":" + strconv.FormatInt(w.Generation, 10)),
		asynq.MaxRetry(10),
		asynq.Timeout(longestCall),
	}, nil
}
