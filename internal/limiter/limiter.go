// Package limiter keeps vendors' limits with one token bucket per account, in Redis and
// so shared by all processes. When Redis is away, or has lost the bucket, each process
// keeps the limit by itself: a vendor is then asked more often for a moment, and its own
// Retry-After mends that. Buckets without a limit have only their rests (rests.go).
package limiter

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/time/rate"

	"github.com/afterchat/afterchat/connectors"
)

// Redis is a connectors.Limiter.
type Redis struct {
	client redis.UniversalClient
	script *redis.Script
	turns  *redis.Script

	rested *redis.Script

	mu      sync.Mutex
	resting map[string]time.Time // by a bucket's key
	heard   time.Time            // when Redis was last asked who rests
	local   map[string]*rate.Limiter
}

// New returns a limiter that uses client.
func New(client redis.UniversalClient) *Redis {
	return &Redis{
		client: client, script: redis.NewScript(bucketScript), turns: redis.NewScript(turnScript), rested: redis.NewScript(restingScript),
		resting: map[string]time.Time{}, local: map[string]*rate.Limiter{},
	}
}

// bucketScript takes one token and returns 0, or the milliseconds until there is one.
// The clock is Redis's own, so processes need not agree on theirs.
const bucketScript = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local rest = tonumber(redis.call('HGET', KEYS[1], 'rest') or '0')
if rest > now then return rest - now end
local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
if rate <= 0 then return 0 end
local b = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = math.min(burst, (tonumber(b[1]) or burst) + math.max(0, now - (tonumber(b[2]) or now)) * rate / 1000)
local wait = 0
if tokens >= 1 then tokens = tokens - 1 else wait = math.ceil((1 - tokens) * 1000 / rate) end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil(burst * 1000 / rate) + 60000)
return wait`

// askTimeout bounds how long Redis is waited for; the local bucket answers otherwise.
const askTimeout = 500 * time.Millisecond

// Take takes a token from the account's bucket, or returns how long until there is one.
// An account without a limit has only its rests.
func (l *Redis) Take(ctx context.Context, account string, r connectors.Rate) time.Duration {
	if r.PerSecond <= 0 {
		return l.RestsFor(ctx, account)
	}
	if rest := l.rests(account); rest > 0 {
		return rest
	}
	burst := max(r.Burst, 1)
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	wait, err := l.script.Run(ctx, l.client, []string{key(account)}, r.PerSecond, burst).Int64()
	if err != nil {
		return l.takeLocal(account, r.PerSecond, burst)
	}
	return time.Duration(wait) * time.Millisecond
}

// maxLocal is how many buckets a process keeps by itself; there is one for each domain
// that is written to, and most are full again soon.
const maxLocal = 10_000

func (l *Redis) takeLocal(account string, perSecond float64, burst int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.local[account]
	if !ok {
		if len(l.local) >= maxLocal {
			clear(l.local)
		}
		b = rate.NewLimiter(rate.Limit(perSecond), burst)
		l.local[account] = b
	}
	reservation := b.Reserve()
	wait := reservation.Delay()
	if wait > 0 {
		reservation.Cancel()
	}
	return wait
}

// key names a bucket. An identity can hold a login, which has no business in Redis.
func key(account string) string {
	sum := sha256.Sum256([]byte(account))
	return "afterchat:limit:" + hex.EncodeToString(sum[:12])
}
