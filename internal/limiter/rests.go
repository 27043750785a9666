package limiter

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// restScript keeps one bucket empty, for whoever takes tokens from it.
const restScript = `
local t = redis.call('TIME')
local till = t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[1]
if till > tonumber(redis.call('HGET', KEYS[1], 'rest') or '0') then
  redis.call('HSET', KEYS[1], 'rest', till)
  redis.call('PEXPIRE', KEYS[1], math.max(ARGV[1] + 60000, redis.call('PTTL', KEYS[1])))
end
return 0`

// announceScript puts a bucket on the list of all that rest, for whoever has no limit to
// keep and so no other reason to ask.
const announceScript = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if now + ARGV[1] > tonumber(redis.call('ZSCORE', KEYS[1], ARGV[2]) or '0') then
  redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[2])
end
redis.call('PEXPIRE', KEYS[1], math.max(ARGV[1] + 60000, redis.call('PTTL', KEYS[1])))
return 0`

// restingScript returns the list: each bucket, and for how many milliseconds it rests.
const restingScript = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local list = redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf', '(' .. now, 'WITHSCORES', 'LIMIT', 0, ARGV[1])
for i = 2, #list, 2 do list[i] = list[i] - now end
return list`

const (
	restingKey = "afterchat:limit:resting"
	// hearEvery is how often a process asks who rests. It is one question about all
	// buckets: there is one for each domain that is written to.
	hearEvery = time.Second
	// maxResting is how many it wants to hear of.
	maxResting = 10_000
)

// Rest keeps a bucket empty for d, or longer if it already rests for longer.
func (l *Redis) Rest(ctx context.Context, bucket string, d time.Duration) {
	name := key(bucket)
	l.mu.Lock()
	l.rest(name, time.Now().Add(d))
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
	defer cancel()
	// Without Redis this process rests alone, and the others hear it from the vendor.
	_, _ = l.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.Eval(ctx, restScript, []string{name}, d.Milliseconds())
		p.Eval(ctx, announceScript, []string{restingKey}, d.Milliseconds(), name)
		return nil
	})
}

// rest notes a rest; the caller has locked.
func (l *Redis) rest(name string, until time.Time) {
	if until.After(l.resting[name]) {
		l.resting[name] = until
	}
}

// RestsFor returns how long a bucket still rests because a vendor asked for it, as far as
// any process knew a second ago; 0 if it does not. It takes no token.
func (l *Redis) RestsFor(ctx context.Context, bucket string) time.Duration {
	l.hear(ctx)
	return l.rests(bucket)
}

// rests is how long a bucket rests as far as this process knows.
func (l *Redis) rests(bucket string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.resting) == 0 {
		return 0
	}
	name := key(bucket)
	rest := time.Until(l.resting[name])
	if rest <= 0 {
		delete(l.resting, name)
	}
	return max(rest, 0)
}

// hear asks who rests, unless that was asked just now.
func (l *Redis) hear(ctx context.Context) {
	l.mu.Lock()
	now := time.Now()
	lately := now.Sub(l.heard) < hearEvery
	if !lately {
		l.heard = now
	}
	l.mu.Unlock()
	if lately {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	list, err := l.rested.Run(ctx, l.client, []string{restingKey}, maxResting).Slice()
	if err != nil {
		return // what is known already has to do
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, until := range l.resting {
		if until.Before(now) {
			delete(l.resting, name)
		}
	}
	for i := 0; i+1 < len(list); i += 2 {
		name, _ := list[i].(string)
		ms, _ := list[i+1].(int64)
		l.rest(name, time.Now().Add(time.Duration(ms)*time.Millisecond))
	}
}
