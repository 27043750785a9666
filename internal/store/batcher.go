package store

import (
	"context"
	"sync"
	"time"

	"github.com/afterchat/afterchat/internal/fault"
)

// A batch takes what has gathered while the one before it was being committed; nothing
// waits for a batch to fill.
const (
	maxBatch     = 128
	batchTimeout = 20 * time.Second
)

// batcher carries out the wishes of many callers together: each waits for the commit, or
// the query, that its own was part of.
type batcher[T any] struct {
	commit func(context.Context, []T) error
	wishes chan wish[T]
	stop   sync.WaitGroup

	mu     sync.RWMutex // held for reading by those who send a wish
	closed bool
}

type wish[T any] struct {
	of   T
	done chan error
}

// newBatcher returns a batcher that commits with one transaction at a time.
func newBatcher[T any](commit func(context.Context, []T) error) *batcher[T] {
	b := &batcher[T]{commit: commit, wishes: make(chan wish[T], 4*maxBatch)}
	b.stop.Go(b.run)
	return b
}

// close waits for what has been wished for; whoever comes later is refused.
func (b *batcher[T]) close() {
	b.mu.Lock()
	if !b.closed {
		b.closed = true
		close(b.wishes)
	}
	b.mu.Unlock()
	b.stop.Wait()
}

// do has one wish committed.
func (b *batcher[T]) do(ctx context.Context, of T) error {
	w := wish[T]{of: of, done: make(chan error, 1)}
	if err := b.hand(ctx, w); err != nil {
		return err
	}
	// The wish may be committed whether or not the caller still waits, so it must wait.
	return <-w.done
}

func (b *batcher[T]) hand(ctx context.Context, w wish[T]) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.closed {
		return fault.New(fault.Transient, "database_away", "the database's connections are closed")
	}
	select {
	case b.wishes <- w:
		return nil
	case <-ctx.Done():
		return fault.Wrap(fault.Transient, "canceled", "stopped before the database was asked", ctx.Err())
	}
}

func (b *batcher[T]) run() {
	for first := range b.wishes {
		batch := []wish[T]{first}
		for len(batch) < maxBatch && len(b.wishes) > 0 {
			next, ok := <-b.wishes
			if !ok {
				break
			}
			batch = append(batch, next)
		}
		b.carryOut(batch)
	}
}

// carryOut tries a batch as a whole, and one by one when the whole is refused, so that a
// bad wish fails alone.
func (b *batcher[T]) carryOut(batch []wish[T]) {
	ctx, cancel := context.WithTimeout(context.Background(), batchTimeout)
	defer cancel()
	list := make([]T, 0, len(batch))
	for _, w := range batch {
		list = append(list, w.of)
	}
	err := b.commit(ctx, list)
	if err != nil && len(batch) > 1 && fault.CodeOf(err) != "database_away" {
		for _, w := range batch {
			b.carryOut([]wish[T]{w})
		}
		return
	}
	for _, w := range batch {
		w.done <- err
	}
}
