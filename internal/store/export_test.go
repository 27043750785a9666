package store

import "github.com/jackc/pgx/v5/pgxpool"

// Pool gives tests the connections that the store itself uses.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }
