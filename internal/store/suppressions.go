package store

import (
	"context"
	"fmt"
	"time"

	"github.com/afterchat/afterchat/internal/store/sqlc"
)

// SuppressedAddress is an address or number that is not written to, and why. At is since
// when.
type SuppressedAddress struct {
	Channel string    `json:"channel"`
	Address string    `json:"address"`
	Reason  string    `json:"reason"`
	At      time.Time `json:"at"`
}

// Suppressions returns an organization's suppressed addresses in the order of channel
// and address: at most so many after another. An empty channel means all.
func (s *Store) Suppressions(ctx context.Context, organization, channel string, after SuppressedAddress, most int) ([]SuppressedAddress, error) {
	rows, err := s.queries.ListSuppressions(ctx, sqlc.ListSuppressionsParams{
		Organization: organization, Channel: channel, AfterChannel: after.Channel, AfterAddress: after.Address, Most: int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("listing suppressions: %w", away(err))
	}
	out := make([]SuppressedAddress, 0, len(rows))
	for _, r := range rows {
		out = append(out, SuppressedAddress(r))
	}
	return out, nil
}

// SuppressedBecause returns why an organization does not write to an address or number, ""
// if it does.
func (s *Store) SuppressedBecause(ctx context.Context, organization, channel, address string) (string, error) {
	reason, err := s.queries.Suppression(ctx, sqlc.SuppressionParams{Organization: organization, Channel: channel, Address: address})
	if ok, err := found(err); !ok {
		return "", away(err)
	}
	return reason, nil
}

// AddSuppression suppresses an address for a reason and reports whether that changed
// anything.
func (s *Store) AddSuppression(ctx context.Context, organization, channel, address, reason string) (bool, error) {
	n, err := s.queries.AddSuppression(ctx, sqlc.AddSuppressionParams{Organization: organization, Channel: channel, Address: address, Reason: reason})
	if err != nil {
		return false, fmt.Errorf("suppressing: %w", away(err))
	}
	return n > 0, nil
}

// RemoveSuppression ends a suppression, whatever its reason, and returns what it was;
// nil if there was none.
func (s *Store) RemoveSuppression(ctx context.Context, organization, channel, address string) (*SuppressedAddress, error) {
	row, err := s.queries.RemoveSuppression(ctx, sqlc.RemoveSuppressionParams{Organization: organization, Channel: channel, Address: address})
	if ok, err := found(err); !ok {
		if err != nil {
			return nil, fmt.Errorf("ending a suppression: %w", away(err))
		}
		return nil, nil //nolint:nilnil // no suppression is an answer
	}
	removed := SuppressedAddress(row)
	return &removed, nil
}
