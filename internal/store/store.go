// Package store keeps everything that Afterchat knows in PostgreSQL, which is the truth
// from acceptance on. One exported method is one transaction; every method about an
// organization's data takes the organization.
//
// The way of a delivery: EndConversation plans it, Dispatch hands out its wake-up,
// Claim and Record move it (ledger.go), in batches that are committed together. The
// rules of the moves are in package chat; here they only meet the rows.
package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/klauspost/compress/zstd"
	"github.com/pressly/goose/v3"
	gooselock "github.com/pressly/goose/v3/lock"
	"golang.org/x/sync/semaphore"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store/sqlc"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is the database. It is safe for concurrent use.
type Store struct {
	pool    *pgxpool.Pool
	queries *sqlc.Queries
	ledger  *ledger
	newEnds *batcher[*newEnd]
	soFar   *batcher[*soFar]
	terms   chat.Terms
	zip     *zstd.Encoder
	unzip   *zstd.Decoder
	frozen  *lru.Cache[frozenKey, chat.Snapshot]
	large   *semaphore.Weighted
	rests   func(context.Context, Account) time.Duration // see ShowRests
}

// cachedSnapshots is how many frozen snapshots are kept in memory: the deliveries of
// one chat are usually made within seconds of each other.
// Longer chats, by their compressed bytes, are read each time.
const (
	cachedSnapshots = 1024
	largestCached   = 16 << 10
)

// largeSnapshot is the size, in compressed bytes, from which on snapshots are only in work
// as far as all of them have room, so that some huge chats do not fill memory at once. A
// chat of 100,000 messages has about two MB and takes a hundred times that to be rendered.
const (
	largeSnapshot    = 64 << 10
	roomForSnapshots = 3 << 20
)

// Open connects and begins to commit claims and results in batches. It does not wait
// for the database: use Ping. Close it.
func Open(ctx context.Context, dsn string, terms chat.Terms) (*Store, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		// pgx's error can quote the address, password included.
		return nil, fault.New(fault.Invalid, "bad_database_url", "the database's address cannot be read")
	}
	config.MaxConns = max(config.MaxConns, 16)
	config.ConnConfig.ConnectTimeout = 5 * time.Second
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "afterchat"
	}
	// Every statement is a look-up by keys, so one plan serves all parameters; planning
	// each batch anew cost a quarter of PostgreSQL's time.
	config.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
	// Such a plan may be made while a table is still empty, and then reads all of it for as
	// long as the connection lives; what is no look-up has no index to choose anyway.
	config.ConnConfig.RuntimeParams["enable_seqscan"] = "off"
	config.ConnConfig.RuntimeParams["jit"] = "off" // it would take the price of a scan for a long query
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connecting to PostgreSQL: %w", away(err))
	}
	s := &Store{pool: pool, queries: sqlc.New(pool), terms: terms, large: semaphore.NewWeighted(roomForSnapshots)}
	if s.zip, s.unzip, err = newCodec(); err != nil {
		return nil, err
	}
	if s.frozen, err = lru.New[frozenKey, chat.Snapshot](cachedSnapshots); err != nil {
		return nil, fmt.Errorf("preparing the cache of snapshots: %w", err)
	}
	s.ledger = newLedger(s)
	s.newEnds = newBatcher(s.addNewEnds)
	s.soFar = newBatcher(s.readSoFar)
	return s, nil
}

// Close waits for the batches under way and closes the connections.
func (s *Store) Close() {
	s.newEnds.close()
	s.soFar.close()
	s.ledger.close()
	s.pool.Close()
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.pool.Ping(ctx); err != nil {
		return fmt.Errorf("asking PostgreSQL: %w", away(err))
	}
	return nil
}

// Migrate brings the database up to date and returns its version. It is a fault, as for
// CheckVersion, if the database is newer than this program.
func (s *Store) Migrate(ctx context.Context) (int64, error) {
	provider, done, err := s.provider()
	if err != nil {
		return 0, err
	}
	defer done()
	if _, err := provider.Up(ctx); err != nil {
		return 0, fmt.Errorf("migrating: %w", away(err))
	}
	version, err := provider.GetDBVersion(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading the database's version: %w", away(err))
	}
	return version, s.CheckVersion(ctx)
}

// CheckVersion returns a fault of kind Conflict when the database is older or newer
// than this program.
func (s *Store) CheckVersion(ctx context.Context) error {
	provider, done, err := s.provider()
	if err != nil {
		return err
	}
	defer done()
	has, want, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("reading the database's version: %w", away(err))
	}
	switch {
	case has < want:
		return fault.New(fault.Conflict, "database_too_old", fmt.Sprintf("the database has version %d and this program needs %d: run afterchat migrate", has, want))
	case has > want:
		return fault.New(fault.Conflict, "database_too_new", fmt.Sprintf("the database has version %d and this program knows only %d: run a newer afterchat", has, want))
	}
	return nil
}

func (s *Store) provider() (*goose.Provider, func(), error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, nil, fmt.Errorf("reading the migrations: %w", err)
	}
	// Processes that start together migrate one after the other; who waits looks every second.
	locker, err := gooselock.NewPostgresSessionLocker(gooselock.WithLockTimeout(1, 300))
	if err != nil {
		return nil, nil, fmt.Errorf("preparing the migrations: %w", err)
	}
	db := stdlib.OpenDBFromPool(s.pool)
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithSlog(slog.New(slog.DiscardHandler)), goose.WithSessionLocker(locker))
	if err != nil {
		_ = db.Close()
		return nil, nil, fmt.Errorf("preparing the migrations: %w", err)
	}
	return provider, func() { _ = db.Close() }, nil
}

// transact runs f in a transaction, again when PostgreSQL gave up on it for another's
// sake (serialization failure, deadlock).
func (s *Store) transact(ctx context.Context, what string, f func(*sqlc.Queries) error) error {
	return s.transactAs(ctx, pgx.TxOptions{}, what, f)
}

// moving begins a transaction that moves deliveries. A process that is stopped in the
// middle of it must not hold their rows, or others could not take over what it was at.
func moving() pgx.TxOptions {
	return pgx.TxOptions{BeginQuery: "begin; set local idle_in_transaction_session_timeout = '5s'"}
}

func (s *Store) transactAs(ctx context.Context, how pgx.TxOptions, what string, f func(*sqlc.Queries) error) error {
	for try := 1; ; try++ {
		err := pgx.BeginTxFunc(ctx, s.pool, how, func(tx pgx.Tx) error { return f(s.queries.WithTx(tx)) })
		if err == nil {
			return nil
		}
		if try < 5 && gaveWay(err) {
			continue
		}
		return fmt.Errorf("%s: %w", what, away(err))
	}
}

func gaveWay(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40001" || e.Code == "40P01")
}

// away turns what pgx returns into a fault whose text is safe. Faults pass unchanged.
func away(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.Wrap(fault.NotFound, "not_found", "there is no such thing", err)
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		if strings.HasPrefix(e.Code, "22") { // data exception: the same again is refused again
			return fault.Wrap(fault.Invalid, "pg_"+e.Code, "PostgreSQL cannot hold this", err)
		}
		return fault.Wrap(fault.Transient, "pg_"+e.Code, "PostgreSQL refused", err)
	}
	return fault.Wrap(fault.Transient, "database_away", "PostgreSQL cannot be reached", err)
}
