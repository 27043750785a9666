package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// BeginMoving begins a transaction as the moves of deliveries do.
func BeginMoving(ctx context.Context, s *Store) (pgx.Tx, error) { return s.pool.BeginTx(ctx, moving()) }
