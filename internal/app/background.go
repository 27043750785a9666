package app

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/hibiken/asynq"

	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/tracing"
	"github.com/afterchat/afterchat/workers"
	"github.com/afterchat/afterchat/workers/tasks"
)

// fetchTickets asks for a user's earlier tickets to be fetched. It does not wait for
// Redis: the pane shows what is cached, and asks again.
func (a *App) fetchTickets(ctx context.Context, organization, conversation string) {
	ctx = context.WithoutCancel(ctx)
	go func() {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		payload, err := json.Marshal(tasks.Fetch{Organization: organization, Conversation: conversation})
		if err == nil {
			err = a.queue.Enqueue(ctx, asynq.NewTaskWithHeaders(tasks.TypeTicketsFetch, payload, tracing.Headers(ctx)),
				asynq.Queue(tasks.QueueBackground), asynq.MaxRetry(2), asynq.Timeout(time.Minute))
		}
		if err != nil {
			a.log.WarnContext(ctx, "prior tickets cannot be fetched now", "organization", organization, "conversation", conversation)
		}
	}()
}

// putBack enqueues a chat core's task anew.
func (a *App) putBack(ctx context.Context, t *asynq.Task, delay time.Duration) error {
	task, options := workers.PutBackTask(ctx, t, delay)
	return a.queue.Enqueue(ctx, task, options...)
}

// wakeConfigured has what waits for an account that this process's configuration has
// looked at now; by itself it would be within five minutes.
func (a *App) wakeConfigured(ctx context.Context) {
	n, err := a.store.WakeConfigured(ctx, slices.Collect(maps.Keys(a.accounts)))
	switch {
	case err != nil && ctx.Err() == nil:
		a.log.WarnContext(ctx, "what was not configured waits on", "error", err.Error())
	case n > 0:
		a.log.InfoContext(ctx, "what was not configured is looked at again", "deliveries", n)
		a.dispatcher.Wake()
	}
}

// rescueEvery is how often tasks of a chat core that asynq gave up on are run again.
const rescueEvery = time.Minute

// rescue runs archived tasks of chat cores again. asynq archives a task whose worker was
// killed when its sender allowed no more retries; nobody else would ever look there, and
// what people wrote would stay in Redis.
func (a *App) rescue(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(rescueEvery):
		}
		if n, err := a.queue.inspector.RunAllArchivedTasks(tasks.QueueIntake); err == nil && n > 0 {
			a.log.WarnContext(ctx, "tasks that asynq gave up on run again", "tasks", n)
		}
	}
}

// ready asks the parts that Afterchat cannot work without, at the same time: one that is
// silent does not use up the other's time. Where all answer, the process may not have gone
// on yet: it may wait to ask again, and then says so of itself.
func (a *App) ready(ctx context.Context) map[string]error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	postgres := probe(ctx, a.store.Ping)
	redis := probe(ctx, func(ctx context.Context) error { return a.redis.Ping(ctx).Err() })
	parts := map[string]error{"postgres": postgres(), "redis": redis()}
	if parts["postgres"] == nil && parts["redis"] == nil && !a.running.Load() {
		parts["process"] = fault.New(fault.Transient, "starting", "it has not begun to work yet")
	}
	if a.has(RoleAPI) && len(a.doors) > 0 {
		parts["bounces"] = a.bounceDoorsReady()
	}
	return parts
}

// probe begins to ask a part how it is. What is returned waits for the answer, as long as
// ctx lasts; one that came in time counts, however late somebody looks at it.
func probe(ctx context.Context, part func(context.Context) error) (answer func() error) {
	answered := make(chan error, 1)
	go func() { answered <- part(ctx) }()
	return func() error {
		select {
		case err := <-answered:
			return err
		case <-ctx.Done():
		}
		select {
		case err := <-answered:
			return err
		default:
			return fault.Wrap(fault.Transient, "timeout", "it does not answer", ctx.Err())
		}
	}
}

// longestPause is how long a part that is back may go unnoticed at the start, at most.
const longestPause = 10 * time.Second

// await waits until a part that is asked by check answers, with a growing pause and one
// line per try that says which is away. What waiting cannot mend ends the start.
func (a *App) await(ctx context.Context, check func(context.Context) error) error {
	for pause := time.Second; ctx.Err() == nil; pause = min(2*pause, longestPause) {
		err := check(ctx)
		if err == nil || fault.KindOf(err) != fault.Transient {
			return err
		}
		a.log.WarnContext(ctx, "waiting", "reason", err.Error(), "again_in", pause.String())
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	return nil
}
