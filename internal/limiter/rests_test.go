package limiter_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/limiter"
)

// counter counts what a client asks Redis.
type counter struct{ asked atomic.Int64 }

func (c *counter) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		return next(ctx, network, address)
	}
}

func (c *counter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.asked.Add(1)
		return next(ctx, cmd)
	}
}

func (c *counter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, commands []redis.Cmder) error { return next(ctx, commands) }
}

func TestARestIsSharedForABucketWithoutALimit(t *testing.T) {
	t.Parallel()
	for name, take := range map[string]func(*limiter.Redis, string) time.Duration{
		"an account": func(l *limiter.Redis, bucket string) time.Duration {
			return l.Take(t.Context(), bucket, connectors.Rate{})
		},
		"a domain": func(l *limiter.Redis, bucket string) time.Duration {
			return l.TakeTurn(t.Context(), bucket, connectors.Rate{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := clients(t, 2)
			one, other := limiter.New(c[0]), limiter.New(c[1])
			one.Rest(t.Context(), "a", time.Minute)
			one.Rest(t.Context(), "a", time.Second)
			one.Rest(t.Context(), "b", 2*time.Second)
			if wait := take(other, "a"); wait < 55*time.Second || wait > time.Minute {
				t.Errorf("another process waits %s", wait)
			}
			if wait := take(other, "c"); wait != 0 {
				t.Errorf("another bucket waits %s", wait)
			}
			// What is announced later is heard within a second or so, and a rest ends.
			one.Rest(t.Context(), "c", time.Minute)
			time.Sleep(1100 * time.Millisecond)
			if wait := take(other, "c"); wait < 50*time.Second {
				t.Errorf("a second later another process waits %s", wait)
			}
			time.Sleep(time.Second)
			if wait := take(other, "b"); wait != 0 {
				t.Errorf("after its rest a bucket waits %s", wait)
			}
		})
	}
}

func TestManyDomainsAreOneQuestionASecond(t *testing.T) {
	t.Parallel()
	c := clients(t, 2)
	if err := c[1].Ping(t.Context()).Err(); err != nil { // what a new connection is asked does not count
		t.Fatal(err)
	}
	var count counter
	c[1].AddHook(&count)
	one, other := limiter.New(c[0]), limiter.New(c[1])
	for i := range 100 {
		one.Rest(t.Context(), fmt.Sprint("smtp to resting", i, ".example"), time.Minute)
	}
	const domains = 10_000
	began := time.Now()
	for i := range domains {
		if wait := other.TakeTurn(t.Context(), fmt.Sprint("smtp to domain", i, ".example"), connectors.Rate{}); wait != 0 {
			t.Fatalf("domain %d waits %s", i, wait)
		}
	}
	took := time.Since(began)
	// The first question may come twice: a script that Redis does not know yet is sent whole.
	if asked := count.asked.Load(); asked > 2+int64(took/time.Second) {
		t.Errorf("Redis was asked %d times for %d mails in %s", asked, domains, took)
	}
	if wait := other.TakeTurn(t.Context(), "smtp to resting99.example", connectors.Rate{}); wait < 50*time.Second {
		t.Errorf("a domain that rests waits %s", wait)
	}
}

func TestWithoutRedisADomainRestsInThisProcess(t *testing.T) {
	t.Parallel()
	l := alone(t)
	l.Rest(t.Context(), "a", time.Minute)
	if wait := l.TakeTurn(t.Context(), "a", connectors.Rate{}); wait < 55*time.Second {
		t.Errorf("it waits %s", wait)
	}
	if wait := l.TakeTurn(t.Context(), "b", connectors.Rate{}); wait != 0 {
		t.Errorf("another waits %s", wait)
	}
}

func TestNoDomainThatRestsStandsInRedis(t *testing.T) {
	t.Parallel()
	c := clients(t, 1)[0]
	limiter.New(c).Rest(t.Context(), "smtp mail.acme.example to customers.example", time.Minute)
	keys, err := c.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) != 2 {
		t.Errorf("keys: %v, %v", keys, err)
	}
	for _, key := range keys {
		if strings.Contains(key, "example") || strings.Contains(c.Dump(t.Context(), key).Val(), "example") {
			t.Errorf("%s names the domain", key)
		}
		if ttl := c.PTTL(t.Context(), key).Val(); ttl <= time.Minute || ttl > 3*time.Minute {
			t.Errorf("%s stays for %s", key, ttl)
		}
	}
}

func BenchmarkTakeTurnOfADomainWithoutALimit(b *testing.B) {
	l := limiter.New(clients(b, 1)[0])
	l.Rest(b.Context(), "smtp to resting.example", time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		l.TakeTurn(b.Context(), "smtp to customers.example", connectors.Rate{})
	}
}
