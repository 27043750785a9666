package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"
)

// noops measures asynq by itself: so many tasks are enqueued, then worked off.
func noops(ctx context.Context, redis string, o options) (perSecond float64, err error) {
	at, err := asynq.ParseRedisURI(redis)
	if err != nil {
		return 0, fmt.Errorf("reading Redis's address: %w", err)
	}
	client := asynq.NewClient(at)
	defer func() { _ = client.Close() }()
	if err := inParallel(o.noops, func(int) error {
		_, err := client.EnqueueContext(ctx, asynq.NewTask("noop", []byte(`{"delivery":"00000000000000000000000000000000"}`)), asynq.Queue("noop"))
		return err
	}); err != nil {
		return 0, fmt.Errorf("enqueuing: %w", err)
	}
	var done atomic.Int64
	finished := make(chan struct{})
	server := asynq.NewServer(at, asynq.Config{
		Concurrency: o.concurrency, Queues: map[string]int{"noop": 1}, LogLevel: asynq.FatalLevel, TaskCheckInterval: 20 * time.Millisecond,
	})
	began := time.Now()
	if err := server.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error {
		if done.Add(1) == int64(o.noops) {
			close(finished)
		}
		return nil
	})); err != nil {
		return 0, fmt.Errorf("starting asynq: %w", err)
	}
	defer server.Shutdown()
	select {
	case <-finished:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	return float64(o.noops) / time.Since(began).Seconds(), nil
}

// inParallel calls f for 0 … n-1 from a few goroutines and returns the first error.
func inParallel(n int, f func(int) error) error {
	const callers = 16
	var next atomic.Int64
	var once sync.Once
	var first error
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := f(i); err != nil {
					once.Do(func() { first = err })
					return
				}
			}
		})
	}
	wg.Wait()
	return first
}
