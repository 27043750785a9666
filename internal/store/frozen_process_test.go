package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/store"
)

// A process that is stopped, as by a debugger or a machine that sleeps, in the middle of
// a transaction keeps its connection, and would keep its locks.
func TestATransactionThatIsLeftOpenDoesNotHoldItsRowsForEver(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.mustEnd(snapshot("c", 1))[chat.EmailTranscript]
	stopped, err := store.BeginMoving(t.Context(), r.open())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stopped.Rollback(context.Background()) }()
	if _, err := stopped.Exec(t.Context(), "select 1 from deliveries for update"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if c := r.claim(id); c == nil || time.Since(began) > 15*time.Second {
		t.Errorf("claimed after %s", time.Since(began))
	}
}
