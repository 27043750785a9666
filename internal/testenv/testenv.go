// Package testenv gives integration tests the real PostgreSQL and Redis they need: a
// database of its own for each test, in a cluster that the whole run shares, and a Redis
// server of its own for each test that asks for one.
//
// "make test" starts the cluster once, through the command in folder run. A test binary
// that is run alone ("go test ./internal/store") starts one for itself. Either way
// everything is gone afterwards, also when a test panics or is killed.
package testenv

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/pgserver"
)

// DatabaseEnv names the variable that holds the address of the shared cluster: of a
// superuser, to its database "postgres".
const DatabaseEnv = "AFTERCHAT_TEST_DATABASE_URL"

// deadline bounds each step that prepares or clears away something for a test.
const deadline = time.Minute

// StartPostgres starts a cluster that is quick rather than durable, because it does not
// outlive the run.
func StartPostgres(ctx context.Context) (*pgserver.Server, error) {
	return pgserver.Start(ctx, pgserver.Options{Settings: map[string]string{
		"fsync":            "off",
		"full_page_writes": "off",
		"max_connections":  "400", // all packages' tests run at once
		"shared_buffers":   "64MB",
		"max_wal_size":     "2GB",
	}})
}

// ownCluster is the cluster of a test binary that was not given one. It is stopped by
// the end of the process, so that no package needs a TestMain for it.
var ownCluster = sync.OnceValues(func() (*pgserver.Server, error) {
	return StartPostgres(context.Background())
})

// cluster returns the address of the database "postgres" of the cluster to use.
func cluster(tb testing.TB) string {
	tb.Helper()
	if dsn := os.Getenv(DatabaseEnv); dsn != "" {
		return dsn
	}
	server, err := ownCluster()
	if err != nil {
		tb.Fatalf("this test needs PostgreSQL, which \"make deps\" installs: %v", err)
	}
	return server.DSN("postgres")
}
