package testenv

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Postgres returns the address of a fresh, empty database, which is dropped after the
// test. Whoever is still connected to it then is cut off.
func Postgres(tb testing.TB) string {
	tb.Helper()
	return createDatabase(tb, cluster(tb), "template1")
}

// PostgresTemplate returns the address of a fresh copy of a database that prepare has
// prepared, by running migrations for instance; copying is quicker than preparing. Each
// cluster calls prepare once for a name, however many test binaries ask at once. A
// cluster may outlive a run, so the name has to change when what prepare does changes:
// put a hash of the migrations into it.
func PostgresTemplate(tb testing.TB, name string, prepare func(dsn string) error) string {
	tb.Helper()
	admin := cluster(tb)
	template := "template_" + name
	if err := ensureTemplate(admin, template, prepare); err != nil {
		tb.Fatalf("preparing the template database %s: %v", template, err)
	}
	return createDatabase(tb, admin, template)
}

// ensureTemplate prepares a database under another name and renames it when it is
// complete, so that one whose making was interrupted is never taken for a template.
func ensureTemplate(admin, template string, prepare func(dsn string) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }() // gives back the advisory lock, too

	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtextextended($1, 0))", template); err != nil {
		return err
	}
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", template).Scan(&exists); err != nil || exists {
		return err
	}
	draft := "draft_" + template
	if err := execAll(ctx, conn,
		"DROP DATABASE IF EXISTS "+quote(draft)+" WITH (FORCE)",
		"CREATE DATABASE "+quote(draft),
	); err != nil {
		return err
	}
	if err := prepare(withDatabase(admin, draft)); err != nil {
		return err
	}
	// A database that somebody is connected to can be neither renamed nor copied.
	if _, err := conn.Exec(ctx, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1", draft); err != nil {
		return err
	}
	return execAll(ctx, conn,
		"ALTER DATABASE "+quote(draft)+" ALLOW_CONNECTIONS false",
		"ALTER DATABASE "+quote(draft)+" RENAME TO "+quote(template),
	)
}

// createDatabase copies a template under a random name, for as long as the test runs.
func createDatabase(tb testing.TB, admin, template string) string {
	tb.Helper()
	name := "test_" + strings.ToLower(rand.Text())
	if err := execOn(admin, "CREATE DATABASE "+quote(name)+" TEMPLATE "+quote(template)); err != nil {
		tb.Fatalf("this test needs PostgreSQL (without %s it gets one of its own): %v", DatabaseEnv, err)
	}
	tb.Cleanup(func() {
		if err := execOn(admin, "DROP DATABASE "+quote(name)+" WITH (FORCE)"); err != nil {
			tb.Errorf("dropping the test's database: %v", err)
		}
	})
	return withDatabase(admin, name)
}

func execOn(dsn, sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	return execAll(ctx, conn, sql)
}

func execAll(ctx context.Context, conn *pgx.Conn, statements ...string) error {
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// withDatabase returns the address of another database in the same cluster. The address
// is a URL, because pgserver makes it, or "make test" was given one.
func withDatabase(dsn, name string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return dsn
	}
	u.Path = "/" + name
	return u.String()
}
