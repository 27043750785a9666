package store

import (
	"context"
	"fmt"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/store/sqlc"
)

func millis(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// Pause keeps every process from calling an account for a while, longer each time, and
// returns how long. Code says why.
func (s *Store) Pause(ctx context.Context, a Account, code string) (time.Duration, error) {
	seconds, err := s.queries.Pause(ctx, sqlc.PauseParams{Organization: a.Organization, Account: a.Target, Code: code})
	if err != nil {
		return 0, fmt.Errorf("pausing an account: %w", away(err))
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// Unpause lets an account be called again, after a call that worked.
func (s *Store) Unpause(ctx context.Context, a Account) error {
	if err := s.queries.Unpause(ctx, sqlc.UnpauseParams{Organization: a.Organization, Account: a.Target}); err != nil {
		return fmt.Errorf("ending an account's pause: %w", away(err))
	}
	return nil
}

// Pauses returns how long each paused account still rests; 0 when its pause is over but
// no call has worked since.
func (s *Store) Pauses(ctx context.Context) (map[Account]time.Duration, error) {
	rows, err := s.queries.Pauses(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the paused accounts: %w", away(err))
	}
	out := make(map[Account]time.Duration, len(rows))
	for _, r := range rows {
		out[Account{r.Organization, r.Account}] = time.Duration(r.Seconds * float64(time.Second))
	}
	return out, nil
}

// Suppress keeps an address or number from being written to.
func (s *Store) Suppress(ctx context.Context, organization, channel, address, reason string) error {
	err := s.queries.Suppress(ctx, sqlc.SuppressParams{Organization: organization, Channel: channel, Address: address, Reason: reason})
	if err != nil {
		return fmt.Errorf("suppressing: %w", away(err))
	}
	return nil
}

// Unsuppress takes back a suppression that has this reason.
func (s *Store) Unsuppress(ctx context.Context, organization, channel, address, reason string) error {
	err := s.queries.Unsuppress(ctx, sqlc.UnsuppressParams{Organization: organization, Channel: channel, Address: address, Reason: reason})
	if err != nil {
		return fmt.Errorf("ending a suppression: %w", away(err))
	}
	return nil
}

// Suppression returns why an address or number may not be written to for a delivery, ""
// if it may.
func (s *Store) Suppression(ctx context.Context, c *Claimed, channel, address string) (string, error) {
	if !c.hasSuppressions {
		return "", nil
	}
	return s.SuppressedBecause(ctx, c.Organization, channel, address)
}

// SetReceipt notes what the other side said later about a delivery, if newer says that
// it is news: receipts come in any order, and at the same time.
func (s *Store) SetReceipt(ctx context.Context, organization string, id chat.Key, receipt string, newer func(old, new string) bool) error {
	return s.transact(ctx, "noting a receipt", func(q *sqlc.Queries) error {
		old, err := q.LockReceipt(ctx, sqlc.LockReceiptParams{Organization: organization, ID: id})
		if err != nil || !newer(old, receipt) {
			return err
		}
		return q.SetReceipt(ctx, sqlc.SetReceiptParams{Organization: organization, ID: id, Receipt: receipt})
	})
}
