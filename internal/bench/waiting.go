package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/afterchat/afterchat/internal/app"
	"github.com/afterchat/afterchat/internal/standin"
)

// waiting measures a process of its own while many deliveries wait: their vendors do
// not answer, so that everything planned stays due and is tried again and again.
func waiting(ctx context.Context, admin, redis string, o options) (rss int64, took time.Duration, err error) {
	database, done, err := newDatabase(ctx, admin, "bench_waiting")
	if err != nil {
		return 0, 0, err
	}
	defer done()
	vendors, err := standin.Start(ctx)
	if err != nil {
		return 0, 0, err
	}
	path, clean, err := writeConfig(vendors, vendors.Mail.Addr(), standin.Settings{
		Database: database, Redis: redis, Listen: "127.0.0.1:0", Concurrency: o.concurrency, Lease: 45 * time.Second, Grace: 15 * time.Second,
	})
	if err != nil {
		return 0, 0, err
	}
	defer clean()
	vendors.Close() // from here on every call finds nobody
	if _, err := app.Migrate(ctx, path); err != nil {
		return 0, 0, err
	}
	if err := enqueueChats(ctx, redis, o.waiting/4); err != nil {
		return 0, 0, err
	}
	process, err := startBinary(ctx, path)
	if err != nil {
		return 0, 0, err
	}
	defer process.stop()
	began := time.Now()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return 0, 0, fmt.Errorf("connecting to PostgreSQL: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if err := until(ctx, func() (bool, error) {
		var n int
		err := conn.QueryRow(ctx, "select count(*) from deliveries where state in ('pending', 'calling')").Scan(&n)
		time.Sleep(100 * time.Millisecond)
		return n >= o.waiting, err
	}); err != nil {
		return 0, 0, err
	}
	took = time.Since(began)
	// Let it work on the backlog for a while: the peak is what counts.
	for range 20 {
		time.Sleep(500 * time.Millisecond)
		now, err := residentBytes(process.pid())
		if err != nil {
			return 0, 0, err
		}
		rss = max(rss, now)
	}
	return rss, took, nil
}

type binary struct{ cmd *exec.Cmd }

func startBinary(ctx context.Context, config string) (*binary, error) {
	dir, err := os.MkdirTemp("", "afterchat-bench-")
	if err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	program := dir + "/afterchat"
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/afterchat").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building afterchat: %w: %s", err, out)
	}
	cmd := exec.CommandContext(ctx, program, "serve", "--config", config)
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("starting afterchat: %w", err), os.RemoveAll(dir))
	}
	return &binary{cmd}, nil
}

func (b *binary) pid() int { return b.cmd.Process.Pid }

func (b *binary) stop() {
	_ = b.cmd.Process.Kill()
	_ = b.cmd.Wait()
	_ = os.RemoveAll(strings.TrimSuffix(b.cmd.Path, "/afterchat"))
}

// residentBytes reads VmRSS from proc(5).
func residentBytes(pid int) (int64, error) {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, fmt.Errorf("reading the process's memory: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		if kb, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseInt(strings.Fields(kb)[0], 10, 64)
			return n << 10, err
		}
	}
	return 0, errors.New("the process's memory is not told here")
}
