package testenv

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/pgserver/child"
)

// Redis returns the address ("redis://127.0.0.1:<port>/0") of a Redis server that only
// this test uses: real, empty, in memory alone, refusing writes rather than evicting. It
// ends with the test.
func Redis(tb testing.TB) string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	address, process, err := StartRedis(ctx)
	if err != nil {
		tb.Fatalf("this test needs redis-server, which \"make deps\" installs: %v", err)
	}
	tb.Cleanup(func() { stopRedis(tb, process) })
	return address
}

// StartRedis starts such a server for whoever is no test, and returns its address. It
// ends with Stop, and with this process.
func StartRedis(ctx context.Context) (string, *child.Process, error) {
	port, process, err := startRedisOnAPort(ctx, func(int) []string { return nil })
	return fmt.Sprintf("redis://127.0.0.1:%d/0", port), process, err
}

// startRedisOnAPort starts a server with more arguments, which may depend on its port.
func startRedisOnAPort(ctx context.Context, more func(port int) []string) (int, *child.Process, error) {
	program, err := redisProgram()
	if err != nil {
		return 0, nil, err
	}
	for range 5 {
		port, err := child.FreePort(ctx)
		if err != nil {
			return 0, nil, err
		}
		process, err := startRedis(ctx, program, port, more(port))
		if errors.Is(err, errRedisEnded) {
			continue // somebody else took the port
		}
		if err != nil {
			return 0, nil, fmt.Errorf("starting redis-server: %w", err)
		}
		return port, process, nil
	}
	return 0, nil, errRedisEnded
}

var errRedisEnded = errors.New("redis-server ended while it started")

// redisProgram finds redis-server, or valkey-server, which distributions ship instead.
func redisProgram() (string, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		program, err = exec.LookPath("valkey-server")
	}
	return program, err
}

func startRedis(ctx context.Context, program string, port int, more []string) (*child.Process, error) {
	dir, err := os.MkdirTemp("", "afterchat-redis-")
	if err != nil {
		return nil, err
	}
	process, err := child.Start(ctx, child.Spec{
		Command: append([]string{
			program, "--port", strconv.Itoa(port), "--bind", "127.0.0.1",
			"--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction", "--loglevel", "warning",
		}, more...),
		Env:        child.PlainEnv(),
		Dir:        dir,
		StopSignal: "TERM",
	})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	for !answersPing(ctx, address) {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-process.Ended():
			return nil, errRedisEnded
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), process.Stop(ctx))
		}
	}
	return process, nil
}

func stopRedis(tb testing.TB, process *child.Process) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	if err := process.Stop(ctx); err != nil {
		tb.Errorf("stopping redis-server: %v", err)
	}
}

func answersPing(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return false
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	return err == nil && strings.HasPrefix(answer, "+PONG")
}
