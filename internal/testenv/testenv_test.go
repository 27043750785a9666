package testenv_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/afterchat/afterchat/internal/testenv"
)

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	one, other := testenv.Postgres(t), testenv.Postgres(t)
	exec(t, one, "CREATE TABLE here (id int)")
	if tables(t, one) != 1 || tables(t, other) != 0 {
		t.Errorf("a table in one database: %d there, %d in the other", tables(t, one), tables(t, other))
	}
}

func TestADatabaseIsDroppedAfterItsTestEvenWithClientsConnected(t *testing.T) {
	t.Parallel()
	var dsn string
	t.Run("a test that leaves a connection open", func(t *testing.T) {
		dsn = testenv.Postgres(t)
		if _, err := pgx.Connect(context.Background(), dsn); err != nil {
			t.Fatal(err)
		}
	})
	if conn, err := pgx.Connect(t.Context(), dsn); err == nil {
		conn.Close(t.Context())
		t.Error("the database is still there")
	}
}

func TestATemplateIsPreparedOnceAndCopied(t *testing.T) {
	t.Parallel()
	var prepared atomic.Int32
	prepare := func(dsn string) error {
		prepared.Add(1)
		// The connection stays open, as a pool that nobody closed would.
		conn, err := pgx.Connect(context.Background(), dsn)
		if err != nil {
			return err
		}
		_, err = conn.Exec(context.Background(), "CREATE TABLE here (id int)")
		return err
	}
	name := "once_" + rand.Text() // new in every run
	t.Run("copies", func(t *testing.T) {
		for i := range 4 {
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				if got := tables(t, testenv.PostgresTemplate(t, name, prepare)); got != 1 {
					t.Errorf("a copy has %d tables, want 1", got)
				}
			})
		}
	})
	if n := prepared.Load(); n != 1 {
		t.Errorf("prepared %d times", n)
	}
}

func TestRedisIsRealEmptyAndGoneAfterTheTest(t *testing.T) {
	t.Parallel()
	var address string
	t.Run("a test with a Redis", func(t *testing.T) {
		options, err := redis.ParseURL(testenv.Redis(t))
		if err != nil {
			t.Fatal(err)
		}
		address = options.Addr
		client := redis.NewClient(options)
		defer client.Close()
		if n, err := client.DBSize(t.Context()).Result(); err != nil || n != 0 {
			t.Errorf("a fresh Redis has %d keys (%v)", n, err)
		}
		policy, err := client.ConfigGet(t.Context(), "maxmemory-policy").Result()
		if err != nil || policy["maxmemory-policy"] != "noeviction" {
			t.Errorf("maxmemory-policy is %v (%v)", policy, err)
		}
	})
	var dialer net.Dialer
	if conn, err := dialer.DialContext(t.Context(), "tcp", address); err == nil {
		conn.Close()
		t.Error("Redis still answers after the test")
	}
}

func TestTwoRedisesShareNothing(t *testing.T) {
	t.Parallel()
	one, other := testenv.Redis(t), testenv.Redis(t)
	client := func(address string) *redis.Client {
		options, err := redis.ParseURL(address)
		if err != nil {
			t.Fatal(err)
		}
		c := redis.NewClient(options)
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	if err := client(one).Set(t.Context(), "key", "value", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if err := client(other).Get(t.Context(), "key").Err(); !errors.Is(err, redis.Nil) {
		t.Errorf("the other Redis has the key, too (%v)", err)
	}
}

func exec(t *testing.T, dsn, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func tables(t *testing.T, dsn string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
