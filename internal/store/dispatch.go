package store

import (
	"context"
	"fmt"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/store/sqlc"
)

// Wakeup is a delivery whose turn it is. The generation makes each wake-up distinct, so
// that one lost in Redis does not stand in the way of the next.
type Wakeup struct {
	Delivery     chat.Key
	Organization string
	Target       string
	Action       chat.Action
	Generation   int64
}

// Account names an account of an organization: a desk, "mail" or "sms".
type Account struct{ Organization, Target string }

// Dispatch returns what is due, at most each per organization, and not for accounts that
// are resting. What is not finished after again is returned again: that is the sweep.
func (s *Store) Dispatch(ctx context.Context, each int, again time.Duration, resting []Account) ([]Wakeup, error) {
	names := make([]string, 0, len(resting))
	for _, a := range resting {
		names = append(names, a.Organization+"/"+a.Target)
	}
	rows, err := s.queries.DispatchDue(ctx, sqlc.DispatchDueParams{Resting: names, Each: int32(each), Again: again.Seconds()})
	if err != nil {
		return nil, fmt.Errorf("looking for what is due: %w", away(err))
	}
	wakeups := make([]Wakeup, 0, len(rows))
	for _, r := range rows {
		wakeups = append(wakeups, Wakeup{
			Delivery: r.Delivery, Organization: r.Organization, Target: r.Target, Action: chat.Action(r.Action), Generation: r.Generation,
		})
	}
	return wakeups, nil
}

// WakeConfigured has what is held as not configured looked at now, for accounts that the
// configuration has by now, and returns how much that is.
func (s *Store) WakeConfigured(ctx context.Context, configured []Account) (int64, error) {
	names := make([]string, 0, len(configured))
	for _, a := range configured {
		names = append(names, a.Organization+"/"+a.Target)
	}
	n, err := s.queries.WakeConfigured(ctx, names)
	if err != nil {
		return 0, fmt.Errorf("waking what was not configured: %w", away(err))
	}
	return n, nil
}

// Waiting returns how many deliveries wait for nothing but time.
func (s *Store) Waiting(ctx context.Context) (int64, error) {
	n, err := s.queries.CountDue(ctx)
	return n, away(err)
}
