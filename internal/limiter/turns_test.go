package limiter_test

import (
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/limiter"
)

func TestWhoHasToWaitHasATurnOfItsOwn(t *testing.T) {
	t.Parallel()
	c := clients(t, 2)
	processes := []*limiter.Redis{limiter.New(c[0]), limiter.New(c[1])}
	rate := connectors.Rate{PerSecond: 2, Burst: 3}
	type turn struct{ earliest, latest time.Duration }
	var turns []turn
	free := 0
	began := time.Now()
	for i := range 43 {
		asked := time.Since(began)
		if wait := processes[i%2].TakeTurn(t.Context(), "a", rate); wait > 0 {
			turns = append(turns, turn{asked + wait, time.Since(began) + wait})
		} else {
			free++
		}
	}
	took := time.Since(began)
	if free < 3 || free > 3+int(took.Seconds()*2)+1 {
		t.Fatalf("%d went at once, want 3", free)
	}
	for i := 1; i < len(turns); i++ {
		most, least := turns[i].latest-turns[i-1].earliest, turns[i].earliest-turns[i-1].latest
		if most < 350*time.Millisecond || least > 650*time.Millisecond {
			t.Errorf("turn %d comes %s to %s after the one before, want half a second", i, least, most)
		}
	}
}

func TestNoTurnIsFarAwayAndTheFarOnesAreSpread(t *testing.T) {
	t.Parallel()
	l := limiter.New(clients(t, 1)[0])
	rate := connectors.Rate{PerSecond: 1, Burst: 1}
	seen := map[time.Duration]int{}
	for range 1000 {
		wait := l.TakeTurn(t.Context(), "a", rate)
		if wait > 5*time.Minute {
			t.Fatalf("a turn in %s", wait)
		}
		seen[wait.Truncate(time.Second)]++
	}
	for wait, n := range seen {
		if n > 15 {
			t.Errorf("%d have their turn in %s", n, wait)
		}
	}
}

func TestARestComesBeforeEveryTurn(t *testing.T) {
	t.Parallel()
	c := clients(t, 2)
	one, other := limiter.New(c[0]), limiter.New(c[1])
	rate := connectors.Rate{PerSecond: 100, Burst: 100}
	one.Rest(t.Context(), "a", time.Minute)
	for name, l := range map[string]*limiter.Redis{"the one": one, "the other": other} {
		if wait := l.TakeTurn(t.Context(), "a", rate); wait < 55*time.Second || wait > time.Minute+time.Second {
			t.Errorf("%s waits %s", name, wait)
		}
	}
	if wait := one.TakeTurn(t.Context(), "b", rate); wait != 0 {
		t.Errorf("another bucket waits %s", wait)
	}
	one.Rest(t.Context(), "c", time.Minute)
	if wait := one.TakeTurn(t.Context(), "c", connectors.Rate{}); wait < 55*time.Second {
		t.Errorf("a bucket without a limit rests for %s", wait)
	}
	if wait := one.TakeTurn(t.Context(), "d", connectors.Rate{}); wait != 0 {
		t.Errorf("a bucket without a limit waits %s", wait)
	}
}

func TestNoDomainStandsInRedisAndNothingStaysForEver(t *testing.T) {
	t.Parallel()
	c := clients(t, 1)[0]
	l := limiter.New(c)
	for range 3 {
		l.TakeTurn(t.Context(), "smtp mail.acme.example to customers.example", slow)
	}
	keys, err := c.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) != 1 || strings.Contains(keys[0], "example") {
		t.Fatalf("keys: %v, %v", keys, err)
	}
	if ttl := c.PTTL(t.Context(), keys[0]).Val(); ttl <= 0 || ttl > 10*time.Minute {
		t.Errorf("the bucket stays for %s", ttl)
	}
}

func TestWithoutRedisEachProcessGivesTokensByItself(t *testing.T) {
	t.Parallel()
	l := alone(t)
	free := 0
	for range 15 {
		if l.TakeTurn(t.Context(), "a", slow) == 0 {
			free++
		}
	}
	if free != 10 {
		t.Errorf("%d tokens out of a bucket of 10", free)
	}
}
