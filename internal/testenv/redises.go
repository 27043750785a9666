package testenv

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/afterchat/afterchat/internal/pgserver/child"
)

// RedisCluster returns the nodes ("127.0.0.1:<port>") of a cluster of three that only
// this test uses. It ends with the test.
func RedisCluster(tb testing.TB) []string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	const nodes, slots = 3, 16384
	var addresses, buses []string
	for i := range nodes {
		bus := ""
		port := startForTest(ctx, tb, func(int) []string {
			free, err := child.FreePort(ctx)
			if err != nil {
				tb.Fatal(err)
			}
			bus = strconv.Itoa(free)
			return []string{"--cluster-enabled", "yes", "--cluster-port", bus}
		})
		addresses, buses = append(addresses, "127.0.0.1:"+strconv.Itoa(port)), append(buses, bus)
		// The last node's slots end with the last slot there is.
		ask(ctx, tb, addresses[i], "CLUSTER", "ADDSLOTSRANGE", i*slots/nodes, (i+1)*slots/nodes-1)
		if i > 0 {
			_, port, _ := strings.Cut(addresses[0], ":")
			ask(ctx, tb, addresses[i], "CLUSTER", "MEET", "127.0.0.1", port, buses[0])
		}
	}
	for _, address := range addresses {
		for {
			info := ask(ctx, tb, address, "CLUSTER", "INFO")
			if strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprint("cluster_known_nodes:", nodes)) {
				break
			}
			pause(ctx, tb, "the cluster to come together")
		}
	}
	return addresses
}

// RedisSentinel returns the address ("redis-sentinel://…") of a server and its replica
// that a sentinel watches, and what kills the server: the replica takes over within
// seconds. All end with the test.
func RedisSentinel(tb testing.TB) (address string, kill func()) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	none := func(int) []string { return nil }
	first, process, err := startRedisOnAPort(ctx, none)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { stopRedis(tb, process) })
	replica := startForTest(ctx, tb, func(int) []string { return []string{"--replicaof", "127.0.0.1", strconv.Itoa(first)} })
	for !strings.Contains(ask(ctx, tb, "127.0.0.1:"+strconv.Itoa(replica), "INFO", "replication"), "master_link_status:up") {
		pause(ctx, tb, "the replica to follow")
	}
	config := filepath.Join(tb.TempDir(), "sentinel.conf")
	sentinel := startSentinel(ctx, tb, config, first)
	for !strings.Contains(ask(ctx, tb, sentinel, "INFO", "sentinel"), "slaves=1") {
		pause(ctx, tb, "the sentinel to find the replica")
	}
	return "redis-sentinel://" + sentinel + "/0?master=afterchat", func() { stopRedis(tb, process) }
}

// startSentinel starts a sentinel, which keeps its state in its configuration file.
func startSentinel(ctx context.Context, tb testing.TB, config string, watched int) string {
	tb.Helper()
	program, err := redisProgram()
	if err != nil {
		tb.Fatal(err)
	}
	port, err := child.FreePort(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	text := fmt.Sprintf("port %d\nbind 127.0.0.1\nsentinel monitor afterchat 127.0.0.1 %d 1\n"+
		"sentinel down-after-milliseconds afterchat 500\nsentinel failover-timeout afterchat 5000\n", port, watched)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "afterchat-sentinel-")
	if err != nil {
		tb.Fatal(err)
	}
	process, err := child.Start(ctx, child.Spec{
		Command: []string{program, config, "--sentinel"}, Env: child.PlainEnv(), Dir: dir, StopSignal: "TERM",
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { stopRedis(tb, process) })
	address := "127.0.0.1:" + strconv.Itoa(port)
	for !answersPing(ctx, address) {
		pause(ctx, tb, "the sentinel to answer")
	}
	return address
}

// startForTest starts a server that ends with the test.
func startForTest(ctx context.Context, tb testing.TB, more func(port int) []string) (port int) {
	tb.Helper()
	port, process, err := startRedisOnAPort(ctx, more)
	if err != nil {
		tb.Fatalf("this test needs redis-server, which \"make deps\" installs: %v", err)
	}
	tb.Cleanup(func() { stopRedis(tb, process) })
	return port
}

// ask sends one command to one server and returns its answer.
func ask(ctx context.Context, tb testing.TB, address string, command ...any) string {
	tb.Helper()
	client := redis.NewClient(&redis.Options{Addr: address})
	defer func() { _ = client.Close() }()
	answer, err := client.Do(ctx, command...).Text()
	if err != nil {
		tb.Fatalf("%v: %v", command, err)
	}
	return answer
}

func pause(ctx context.Context, tb testing.TB, what string) {
	tb.Helper()
	select {
	case <-time.After(50 * time.Millisecond):
	case <-ctx.Done():
		tb.Fatalf("waiting for %s: %v", what, ctx.Err())
	}
}
