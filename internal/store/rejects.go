package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/afterchat/afterchat/internal/store/sqlc"
)

// Reject is a chat core's task that could not be taken. Payload is kept for seven days
// and only written, never listed.
type Reject struct {
	ID           int64      `json:"id"`
	Task         string     `json:"task"`
	Type         string     `json:"type"`
	Organization string     `json:"organization"`
	Reason       string     `json:"reason"`
	Bytes        int        `json:"bytes"`
	FirstSeen    time.Time  `json:"first_seen"`
	RejectedAt   *time.Time `json:"rejected_at"`
	Payload      []byte     `json:"-"`
}

// SeeReject notes a task that cannot be taken yet and returns how long ago it was first
// seen.
func (s *Store) SeeReject(ctx context.Context, r Reject) (time.Duration, error) {
	seconds, err := s.queries.SeeReject(ctx, sqlc.SeeRejectParams{
		Task: storable(r.Task), Type: storable(r.Type), Organization: storable(r.Organization), Reason: r.Reason,
	})
	if err != nil {
		return 0, fmt.Errorf("noting a task: %w", away(err))
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// Reject moves a task to the table of rejects.
func (s *Store) Reject(ctx context.Context, r Reject) error {
	err := s.queries.RejectTask(ctx, sqlc.RejectTaskParams{
		Task: storable(r.Task), Type: storable(r.Type), Organization: storable(r.Organization), Reason: r.Reason, Payload: append([]byte{}, r.Payload...),
	})
	if err != nil {
		return fmt.Errorf("rejecting a task: %w", away(err))
	}
	return nil
}

// storable is a name that anybody may have made up, as PostgreSQL takes it into a column
// and its index. What is too long keeps its beginning and a digest of the whole.
func storable(name string) string {
	name = strings.ReplaceAll(strings.ToValidUTF8(name, "\uFFFD"), "\x00", "\uFFFD")
	if len(name) <= longestName {
		return name
	}
	digest := sha256.Sum256([]byte(name))
	return strings.ToValidUTF8(name[:longestName], "") + "…" + hex.EncodeToString(digest[:8])
}

// longestName is how long a name is kept whole, in bytes.
const longestName = 255

// Rejects returns the latest rejects, at most so many, and how many there are in all.
func (s *Store) Rejects(ctx context.Context, most int) ([]Reject, int64, error) {
	rows, err := s.queries.Rejects(ctx, int32(most))
	if err != nil {
		return nil, 0, fmt.Errorf("listing rejects: %w", away(err))
	}
	all, err := s.CountRejects(ctx)
	if err != nil {
		return nil, 0, err
	}
	out := make([]Reject, 0, len(rows))
	for _, r := range rows {
		out = append(out, Reject{
			ID: r.ID, Task: r.Task, Type: r.Type, Organization: r.Organization, Reason: r.Reason, Bytes: int(r.Bytes),
			FirstSeen: r.FirstSeen, RejectedAt: r.RejectedAt,
		})
	}
	return out, all, nil
}

// CountRejects returns how many rejects are kept.
func (s *Store) CountRejects(ctx context.Context) (int64, error) {
	n, err := s.queries.CountRejects(ctx)
	if err != nil {
		return 0, fmt.Errorf("counting rejects: %w", away(err))
	}
	return n, nil
}

// Prune drops what has outlived its use: rejects after seven days, idempotency keys
// after one.
func (s *Store) Prune(ctx context.Context) error {
	return s.transact(ctx, "pruning", func(q *sqlc.Queries) error {
		if _, err := q.PruneRejects(ctx); err != nil {
			return err
		}
		_, err := q.PruneIdempotencyKeys(ctx)
		return err
	})
}
