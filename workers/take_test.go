package workers_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/intake"
	"github.com/afterchat/afterchat/internal/store"
	"github.com/afterchat/afterchat/internal/testenv"
	"github.com/afterchat/afterchat/workers"
	"github.com/afterchat/afterchat/workers/tasks"
)

func TestATaskThatCannotBeTakenGoesToTheRejectsAndLeavesRedis(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		taskType string
		payload  string
		reason   string
	}{
		"no JSON":                    {"chat:ended", `{"organization":`, "malformed_json"},
		"no organization":            {"chat:ended", `{"conversation":"c"}`, "organization_missing"},
		"an organization of numbers": {"chat:ended", `{"organization":7}`, "invalid_field at organization"},
		"two organizations":          {"chat:ended", `{"organization":"acme","organization":"bolt"}`, "duplicate_field at organization"},
		"no organization by letter":  {"chat:ended", `{"Organization":"acme","conversation":"c"}`, "organization_missing"},
		"no messages":                {"chat:ended", `{"organization":"acme","conversation":"c","id":"c","started_at":"2026-11-20T09:12:03Z"}`, "invalid_field at messages"},
		"another conversation":       {"chat:ended", `{"organization":"acme","conversation":"d","id":"c","started_at":"2026-11-20T09:12:03Z","messages":[]}`, "conversation_mismatch at id"},
		"a note without an id":       {"chat:note", `{"organization":"acme","conversation":"c"}`, "invalid_field at id"},
		"contact data of nobody":     {"chat:contact", `{"organization":"acme","id":"k"}`, "invalid_field at conversation"},
		"a link for nothing":         {"link:create", `{"organization":"acme"}`, "invalid_field at purpose"},
		"no JSON of our own":         {"deliver:file_ticket", `{"delivery":`, "malformed_json"},
		"a delivery that is none":    {"deliver:send_link", `{"organization":"acme","text":"Boiler"}`, "invalid_id"},
		"tickets of nobody":          {"tickets:fetch", `Boiler`, "malformed_json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			if err := r.take(c.taskType, []byte(c.payload)); err != nil {
				t.Fatalf("it stays in Redis: %v", err)
			}
			list, n, err := r.store.Rejects(t.Context(), 10)
			if err != nil || n != 1 || list[0].Reason != c.reason || list[0].Type != c.taskType {
				t.Errorf("rejects: %+v, %v", list, err)
			}
		})
	}
	t.Run("too large", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		if err := r.take("chat:ended", bytes.Repeat([]byte(" "), tasks.MaxPayload+1)); err != nil {
			t.Fatal(err)
		}
		if list, _, err := r.store.Rejects(t.Context(), 10); err != nil || len(list) != 1 || list[0].Reason != "payload_too_large" {
			t.Errorf("rejects: %+v, %v", list, err)
		}
	})
}

func TestATaskForAnUnknownOrganizationHasAnHour(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	payload := map[string]string{"organization": "nobody", "conversation": "c"}
	// Outside asynq a task has no retries left, so it is put back.
	if err := r.take("chat:ended", payload); err != nil || len(r.putBack) != 1 {
		t.Fatalf("put back %d times, %v", len(r.putBack), err)
	}
	if n, err := r.store.CountRejects(t.Context()); n != 0 || err != nil {
		t.Errorf("rejected at once: %d, %v", n, err)
	}
	r.exec("update rejects set first_seen = first_seen - interval '1 hour'")
	if err := r.take("chat:ended", payload); err != nil {
		t.Fatal(err)
	}
	if list, _, err := r.store.Rejects(t.Context(), 10); err != nil || len(list) != 1 || list[0].Reason != "unknown_organization" || len(r.putBack) != 1 {
		t.Errorf("rejects: %+v, put back %d times, %v", list, len(r.putBack), err)
	}
}

// server runs a worker's handlers on Redis until stop is called.
func (r *rig) server(client redis.UniversalClient) (stop func()) {
	r.t.Helper()
	server := asynq.NewServerFromRedisClient(client, asynq.Config{
		Concurrency: 2, Queues: map[string]int{tasks.QueueIntake: 1}, TaskCheckInterval: 10 * time.Millisecond,
		DelayedTaskCheckInterval: 50 * time.Millisecond, RetryDelayFunc: workers.RetryDelay, IsFailure: workers.IsFailure, LogLevel: asynq.FatalLevel,
	})
	if err := server.Start(r.worker.Handler()); err != nil {
		r.t.Fatal(err)
	}
	return server.Shutdown
}

func TestATaskThatAllowsNoRetryIsPutBackWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	options, err := redis.ParseURL(testenv.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	queue, inspector := asynq.NewClientFromRedisClient(client), asynq.NewInspectorFromRedisClient(client)

	r := newRig(t)
	good := *r.worker
	away, err := store.Open(t.Context(), "postgres://127.0.0.1:1/nothing", chat.Terms{})
	if err != nil {
		t.Fatal(err)
	}
	defer away.Close()
	in := *r.worker.Intake
	in.Store = away
	r.worker.Store, r.worker.Intake, r.worker.Log = away, &in, slog.New(slog.DiscardHandler)
	putBack := make(chan struct{}, 100)
	r.worker.PutBack = func(ctx context.Context, task *asynq.Task, delay time.Duration) error {
		again, options := workers.PutBackTask(ctx, task, delay)
		_, err := queue.EnqueueContext(ctx, again, options...)
		putBack <- struct{}{}
		return err
	}
	good.PutBack = r.worker.PutBack

	stop := r.server(client)
	for _, task := range []func() (*asynq.Task, error){
		func() (*asynq.Task, error) { return tasks.NewChat(tasks.TypeChatEnded, acme, "c", sample("c", 1)) },
		func() (*asynq.Task, error) {
			return tasks.NewChat(tasks.TypeLinkCreate, acme, "c", intake.LinkRequest{Purpose: chat.LinkResume, Conversation: "c"})
		},
	} {
		made, err := task()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := queue.Enqueue(made, asynq.MaxRetry(0)); err != nil {
			t.Fatal(err)
		}
	}
	<-putBack
	<-putBack
	stop()
	if info, err := inspector.GetQueueInfo(tasks.QueueIntake); err != nil || info.Archived != 0 || info.Scheduled+info.Pending+info.Retry != 2 {
		t.Fatalf("%+v, %v", info, err)
	}

	r.worker = &good // the database is back
	stop = r.server(client)
	defer stop()
	for range 400 {
		links, _ := r.store.Links(t.Context(), acme, "c")
		if c, err := r.store.Conversation(t.Context(), acme, "c"); err == nil && c.Latest != nil && len(links) == 1 {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Error("a task was lost")
}
