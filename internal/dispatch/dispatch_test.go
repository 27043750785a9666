package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/dispatch"
	"github.com/afterchat/afterchat/internal/store"
	"github.com/afterchat/afterchat/internal/testenv"
)

// queue is a Redis that takes what it is given, unless it is away.
type queue struct {
	mu    sync.Mutex
	tasks []*asynq.Task
	away  bool
}

func (q *queue) Enqueue(_ context.Context, t *asynq.Task, _ ...asynq.Option) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.away {
		return errors.New("redis is away")
	}
	q.tasks = append(q.tasks, t)
	return nil
}

func (q *queue) Waiting(context.Context) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.tasks), nil
}

func (q *queue) take() []*asynq.Task {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := q.tasks
	q.tasks = nil
	return out
}

// run runs a dispatcher over a database with so many deliveries that are due.
func run(t *testing.T, q *queue, rests *dispatch.Rests, due int, settings dispatch.Settings) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), testenv.Postgres(t), chat.Terms{Lease: time.Minute, Grace: time.Second, MaxAge: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range due {
		id := fmt.Sprintf("l%d", i)
		_, _, err := s.CreateLink(t.Context(), "acme", store.NewLink{
			ID: id, Conversation: "c", Purpose: chat.LinkResume, TokenHash: []byte(id), TTL: time.Hour,
			Send: &chat.Delivery{ID: chat.NewKey("acme", "c", 0, chat.SendLink, id), Action: chat.SendLink, Target: chat.AccountSMS, State: chat.Pending},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		dispatch.New(s, q, rests, settings, slog.New(slog.DiscardHandler)).Run(ctx)
	}()
	t.Cleanup(func() { cancel(); <-done })
	return s
}

// eventually waits for something to become true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 500 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal(what)
}

func TestNoMoreIsHandedOutThanRedisShouldHold(t *testing.T) {
	t.Parallel()
	q := &queue{}
	run(t, q, dispatch.NewRests(), 30, dispatch.Settings{Outstanding: 10, Sweep: 20 * time.Millisecond, Again: time.Hour})
	seen := map[string]bool{}
	for round := range 3 {
		eventually(t, "the queue does not fill", func() bool { n, _ := q.Waiting(t.Context()); return n == 10 })
		time.Sleep(100 * time.Millisecond)
		tasks := q.take()
		if len(tasks) != 10 {
			t.Errorf("round %d: %d tasks in Redis", round, len(tasks))
		}
		for _, task := range tasks {
			if seen[string(task.Payload())] {
				t.Errorf("handed out twice: %s", task.Payload())
			}
			seen[string(task.Payload())] = true
			if text := string(task.Payload()); strings.Contains(text, "@") || task.Type() != "deliver:send_link" {
				t.Errorf("%s: %s", task.Type(), text)
			}
		}
	}
}

func TestWhatRedisLosesOrRefusesIsHandedOutAgain(t *testing.T) {
	t.Parallel()
	q := &queue{away: true}
	run(t, q, dispatch.NewRests(), 5, dispatch.Settings{Outstanding: 10, Sweep: 20 * time.Millisecond, Again: 300 * time.Millisecond})
	time.Sleep(100 * time.Millisecond)
	q.mu.Lock()
	q.away = false
	q.mu.Unlock()
	for range 2 {
		eventually(t, "they do not come (again)", func() bool { n, _ := q.Waiting(t.Context()); return n >= 5 })
		q.take() // and Redis loses everything
	}
}

func TestARestingAccountIsNotWokenUntilItHasRested(t *testing.T) {
	t.Parallel()
	q, rests := &queue{}, dispatch.NewRests()
	account := store.Account{Organization: "acme", Target: chat.AccountSMS}
	rests.Rest(account, 700*time.Millisecond)
	run(t, q, rests, 5, dispatch.Settings{Outstanding: 10, Sweep: 20 * time.Millisecond, Again: time.Hour})
	for {
		n, _ := q.Waiting(t.Context())
		if rests.RestsFor(account) == 0 {
			break
		}
		if n > 0 {
			t.Fatalf("%d are woken while their account rests", n)
		}
		time.Sleep(5 * time.Millisecond)
	}
	eventually(t, "they do not come", func() bool { n, _ := q.Waiting(t.Context()); return n == 5 })
}

func TestAShorterRestDoesNotEndALongerOne(t *testing.T) {
	t.Parallel()
	rests, account := dispatch.NewRests(), store.Account{Organization: "acme", Target: chat.AccountSMS}
	rests.Rest(account, time.Hour)
	rests.Rest(account, time.Millisecond)
	if rest := rests.RestsFor(account); rest < 30*time.Minute {
		t.Errorf("it rests for %s", rest)
	}
}

func TestABacklogIsHandedOutBatchAfterBatchWithoutWaitingForASweep(t *testing.T) {
	t.Parallel()
	q := &queue{}
	run(t, q, dispatch.NewRests(), 300, dispatch.Settings{Outstanding: 1000, Sweep: time.Hour, Again: time.Hour})
	eventually(t, "the backlog waits", func() bool { n, _ := q.Waiting(t.Context()); return n == 300 })
}

func TestAnEpisodeThatHasSettledIsFrozenThoughNothingOfItIsDue(t *testing.T) {
	t.Parallel()
	q := &queue{}
	s := run(t, q, dispatch.NewRests(), 0, dispatch.Settings{Outstanding: 10, Sweep: 20 * time.Millisecond, Again: time.Hour})
	end := store.End{
		Snapshot: chat.Snapshot{ID: "c", Episode: 1, StartedAt: time.Now(), Messages: []chat.Message{}},
		Raw:      []byte(`{"id":"c","started_at":"2026-11-20T09:12:03Z","messages":[]}`), Settle: time.Millisecond,
	}
	held := chat.Delivery{
		ID: chat.NewKey("acme", "c", 1, chat.EmailTranscript, "t"), Action: chat.EmailTranscript, Target: chat.AccountMail,
		State: chat.Pending, Hold: chat.HeldBySettle, Delay: chat.Never,
	}
	if _, err := s.EndConversation(t.Context(), "acme", end, func(chat.Conversation) []chat.Delivery { return []chat.Delivery{held} }); err != nil {
		t.Fatal(err)
	}
	eventually(t, "what waits for the episode to settle waits for ever", func() bool { n, _ := q.Waiting(t.Context()); return n == 1 })
}

func TestAPauseThatAnotherProcessNotedIsKept(t *testing.T) {
	t.Parallel()
	q, rests := &queue{}, dispatch.NewRests()
	account := store.Account{Organization: "acme", Target: chat.AccountSMS}
	s := run(t, q, rests, 0, dispatch.Settings{Outstanding: 10, Sweep: 20 * time.Millisecond, Again: time.Hour})
	if _, err := s.Pause(t.Context(), account, "http_401"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "nobody hears of it", func() bool { return rests.Paused(account) && rests.RestsFor(account) > 50*time.Second })
	if err := s.Unpause(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	eventually(t, "nobody hears of its end", func() bool { return !rests.Paused(account) })
}

func TestEachWakeUpHasANameOfItsOwn(t *testing.T) {
	t.Parallel()
	w := store.Wakeup{Delivery: chat.NewKey("acme", "c", 1, chat.FileTicket, ""), Organization: "acme", Target: "zd", Action: chat.FileTicket, Generation: 7}
	task, options, err := dispatch.Task(w)
	if err != nil || task.Type() != "deliver:file_ticket" {
		t.Fatal(task.Type(), err)
	}
	for _, o := range options {
		if o.Type() == asynq.TaskIDOpt && o.Value() != w.Delivery.String()+":7" {
			t.Errorf("it is called %v", o.Value())
		}
	}
}
