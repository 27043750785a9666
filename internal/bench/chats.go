package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/hibiken/asynq"
	"github.com/jackc/pgx/v5"

	"github.com/afterchat/afterchat/internal/app"
	"github.com/afterchat/afterchat/internal/standin"
	"github.com/afterchat/afterchat/workers/tasks"
)

type measured struct {
	perSecond      float64
	commitsPerChat float64
}

// chats measures the whole way: chats that have ended lie in Redis as the chat core's
// tasks; they are taken in, planned, dispatched, claimed, delivered and recorded. Each
// is a ticket, its notes and two transcripts.
func chats(ctx context.Context, admin, redis string, o options, round int) (measured, error) {
	database, done, err := newDatabase(ctx, admin, fmt.Sprintf("bench_%d", round))
	if err != nil {
		return measured{}, err
	}
	defer done()
	vendors, err := standin.Start(ctx)
	if err != nil {
		return measured{}, err
	}
	defer vendors.Close()
	mails, err := newMailSink(ctx)
	if err != nil {
		return measured{}, err
	}
	defer mails.close()
	path, clean, err := writeConfig(vendors, mails.addr(), standin.Settings{
		Database: database, Redis: redis, Listen: "127.0.0.1:0", Concurrency: o.concurrency, Lease: 45 * time.Second, Grace: 15 * time.Second,
	})
	if err != nil {
		return measured{}, err
	}
	defer clean()
	if _, err := app.Migrate(ctx, path); err != nil {
		return measured{}, err
	}
	if err := enqueueChats(ctx, redis, o.chats); err != nil {
		return measured{}, err
	}
	c, err := app.LoadConfig(path)
	if err != nil {
		return measured{}, err
	}
	a, err := app.New(ctx, c, app.Options{Roles: []string{app.RoleWorker}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return measured{}, err
	}
	defer a.Close()
	stopProfile, err := profile(o.profile)
	if err != nil {
		return measured{}, err
	}
	defer stopProfile()
	before, err := commits(ctx, database)
	if err != nil {
		return measured{}, err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	began := time.Now()
	go func() { ended <- a.Run(running) }()
	err = until(ctx, func() (bool, error) {
		effects := vendors.Zendesk.EffectCount() + mails.len()
		return effects >= 4*o.chats, nil
	})
	took := time.Since(began)
	stop()
	if err := errors.Join(err, <-ended); err != nil {
		return measured{}, err
	}
	after, err := commits(ctx, database)
	if err != nil {
		return measured{}, err
	}
	if err := verify(vendors, mails, 4*o.chats); err != nil {
		return measured{}, err
	}
	return measured{float64(4*o.chats) / took.Seconds(), float64(after-before) / float64(o.chats)}, nil
}

// verify checks that each effect came once, so that no speed is bought with duplicates.
func verify(v *standin.Vendors, mails *mailSink, want int) error {
	effects := v.Effects()
	maps.Copy(effects, mails.effects())
	for key, n := range effects {
		if n != 1 {
			return fmt.Errorf("delivery %s came %d times", key, n)
		}
	}
	if len(effects) != want {
		return fmt.Errorf("%d effects, want %d", len(effects), want)
	}
	return nil
}

func enqueueChats(ctx context.Context, redis string, n int) error {
	at, err := asynq.ParseRedisURI(redis)
	if err != nil {
		return fmt.Errorf("reading Redis's address: %w", err)
	}
	client := asynq.NewClient(at)
	defer func() { _ = client.Close() }()
	return inParallel(n, func(i int) error {
		chat := standin.Chat(i)
		task, err := tasks.NewChat(tasks.TypeChatEnded, standin.Organization, chat.ID, chat)
		if err != nil {
			return err
		}
		_, err = client.EnqueueContext(ctx, task)
		return err
	})
}

// writeConfig writes the stand-ins' configuration with one more transcript for each chat,
// and a mail server of its own that likes many connections.
func writeConfig(v *standin.Vendors, mails string, s standin.Settings) (string, func(), error) {
	dir, err := os.MkdirTemp("", "afterchat-bench-")
	if err != nil {
		return "", nil, fmt.Errorf("making a folder: %w", err)
	}
	text := strings.NewReplacer(
		"    transcripts:\n", "    transcripts:\n      - {to: qa@acme.example, audience: internal}\n",
		v.Mail.Addr(), mails, "tls: none}", "tls: none, connections: 50}",
	).Replace(v.Config(s))
	path := filepath.Join(dir, "afterchat.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return "", nil, fmt.Errorf("writing the configuration: %w", err)
	}
	return path, func() { _ = os.RemoveAll(dir) }, nil
}

func newDatabase(ctx context.Context, admin, name string) (string, func(), error) {
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return "", nil, fmt.Errorf("connecting to PostgreSQL: %w", err)
	}
	if _, err := conn.Exec(ctx, "create database "+pgx.Identifier{name}.Sanitize()); err != nil {
		return "", nil, fmt.Errorf("making a database: %w", err)
	}
	return strings.Replace(admin, "/postgres?", "/"+name+"?", 1), func() {
		ctx := context.WithoutCancel(ctx)
		_, _ = conn.Exec(ctx, "drop database "+pgx.Identifier{name}.Sanitize()+" with (force)")
		_ = conn.Close(ctx)
	}, nil
}

// commits returns how many transactions the database has committed.
func commits(ctx context.Context, database string) (n int64, err error) {
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return 0, fmt.Errorf("connecting to PostgreSQL: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	// Backends report their counts with a delay of up to a second.
	time.Sleep(1500 * time.Millisecond)
	err = conn.QueryRow(ctx, "select xact_commit from pg_stat_database where datname = current_database()").Scan(&n)
	return n, err
}

func profile(path string) (func(), error) {
	if path == "" {
		return func() {}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("writing the profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, fmt.Errorf("starting the profile: %w", err)
	}
	return func() { pprof.StopCPUProfile(); _ = f.Close() }, nil
}

// until polls a condition; it gives up after ten minutes.
func until(ctx context.Context, ok func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	for {
		yes, err := ok()
		if yes || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting: %w", ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
}
