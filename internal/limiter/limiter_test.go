package limiter_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/limiter"
	"github.com/afterchat/afterchat/internal/testenv"
)

// clients are connections to one Redis, as so many processes have them.
func clients(t testing.TB, n int) []*redis.Client {
	t.Helper()
	address := testenv.Redis(t)
	out := make([]*redis.Client, n)
	for i := range out {
		options, err := redis.ParseURL(address)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = redis.NewClient(options)
		t.Cleanup(func() { _ = out[i].Close() })
	}
	return out
}

// taken counts the tokens that can be had at once.
func taken(l *limiter.Redis, account string, r connectors.Rate, tries int) (n int, wait time.Duration) {
	for range tries {
		d := l.Take(context.Background(), account, r)
		if d == 0 {
			n++
		}
		wait = max(wait, d)
	}
	return n, wait
}

var slow = connectors.Rate{PerSecond: 0.1, Burst: 10}

func TestAllProcessesShareOneBucketPerAccount(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	var tokens atomic.Int64
	for _, c := range clients(t, 4) {
		l := limiter.New(c)
		all.Go(func() {
			n, _ := taken(l, "zendesk https://acme.zendesk.com bot@acme.example", slow, 10)
			tokens.Add(int64(n))
		})
	}
	all.Wait()
	if n := tokens.Load(); n != 10 {
		t.Errorf("%d tokens out of a bucket of 10", n)
	}
}

func TestTwoAccountsHaveTwoBuckets(t *testing.T) {
	t.Parallel()
	l := limiter.New(clients(t, 1)[0])
	taken(l, "one", slow, 10)
	if n, _ := taken(l, "other", slow, 10); n != 10 {
		t.Errorf("%d tokens for the other account", n)
	}
}

func TestAnEmptyBucketSaysHowLongToWaitAndFillsAgain(t *testing.T) {
	t.Parallel()
	l := limiter.New(clients(t, 1)[0])
	rate := connectors.Rate{PerSecond: 5, Burst: 1}
	wait := time.Duration(0)
	for wait == 0 { // twice, if the machine does not pause
		wait = l.Take(t.Context(), "a", rate)
	}
	if wait > 200*time.Millisecond {
		t.Fatalf("wait %s, want at most 200ms", wait)
	}
	time.Sleep(wait)
	if again := l.Take(t.Context(), "a", rate); again != 0 {
		t.Errorf("wait another %s", again)
	}
}

func TestARestOfOneProcessIsEveryones(t *testing.T) {
	t.Parallel()
	c := clients(t, 2)
	one, other := limiter.New(c[0]), limiter.New(c[1])
	one.Rest(t.Context(), "a", time.Minute)
	for name, l := range map[string]*limiter.Redis{"the one": one, "the other": other} {
		if wait := l.Take(t.Context(), "a", slow); wait < 55*time.Second || wait > time.Minute {
			t.Errorf("%s waits %s", name, wait)
		}
	}
}

func TestAShortRestDoesNotEndALongOne(t *testing.T) {
	t.Parallel()
	c := clients(t, 2)
	one, other := limiter.New(c[0]), limiter.New(c[1])
	one.Rest(t.Context(), "a", time.Minute)
	one.Rest(t.Context(), "a", time.Second)
	for name, l := range map[string]*limiter.Redis{"the one": one, "the other": other} {
		if wait := l.Take(t.Context(), "a", slow); wait < 55*time.Second {
			t.Errorf("%s waits %s", name, wait)
		}
	}
}

func TestAShortRestDoesNotForgetWhatASlowBucketHasGivenOut(t *testing.T) {
	t.Parallel()
	c := clients(t, 1)[0]
	l := limiter.New(c)
	taken(l, "a", slow, 10) // full again after 100 s
	names, err := c.Keys(t.Context(), "afterchat:limit:*").Result()
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	l.Rest(t.Context(), "a", time.Second)
	if kept, err := c.PTTL(t.Context(), names[0]).Result(); err != nil || kept < 100*time.Second {
		t.Errorf("the bucket is kept for %s, %v", kept, err)
	}
}

func TestAnAccountWithoutALimitStillRests(t *testing.T) {
	t.Parallel()
	l := limiter.New(clients(t, 1)[0])
	if wait := l.Take(t.Context(), "a", connectors.Rate{}); wait != 0 {
		t.Errorf("it waits %s", wait)
	}
	l.Rest(t.Context(), "a", time.Minute)
	if wait := l.Take(t.Context(), "a", connectors.Rate{}); wait < 55*time.Second {
		t.Errorf("it waits %s", wait)
	}
}

// alone is the limiter of a process that has no Redis.
func alone(t *testing.T) *limiter.Redis {
	t.Helper()
	nobody := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1, DialTimeout: 100 * time.Millisecond})
	t.Cleanup(func() { _ = nobody.Close() })
	return limiter.New(nobody)
}

func TestWithoutRedisEachProcessKeepsTheLimitByItself(t *testing.T) {
	t.Parallel()
	l := alone(t)
	if n, wait := taken(l, "a", slow, 15); n != 10 || wait < time.Second {
		t.Errorf("%d tokens out of a bucket of 10, then a wait of %s", n, wait)
	}
	l.Rest(t.Context(), "b", time.Minute)
	if wait := l.Take(t.Context(), "b", slow); wait < 55*time.Second {
		t.Errorf("it rests for %s", wait)
	}
}

func TestNoLoginStandsInRedis(t *testing.T) {
	t.Parallel()
	c := clients(t, 1)[0]
	l := limiter.New(c)
	l.Take(t.Context(), "zendesk https://acme.zendesk.com bot@acme.example", slow)
	l.Rest(t.Context(), "zendesk https://acme.zendesk.com bot@acme.example", time.Second)
	keys, err := c.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) != 2 {
		t.Errorf("keys: %v, %v", keys, err)
	}
	for _, key := range keys {
		if strings.Contains(key, "acme") || strings.Contains(c.Dump(t.Context(), key).Val(), "acme") {
			t.Errorf("%s names the account", key)
		}
		if ttl := c.PTTL(t.Context(), key).Val(); ttl <= 0 || ttl > 3*time.Minute {
			t.Errorf("%s stays for %s", key, ttl)
		}
	}
}
