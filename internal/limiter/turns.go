package limiter

import (
	"context"
	"time"

	"github.com/afterchat/afterchat/connectors"
)

// turnScript is bucketScript for a bucket that thousands may ask at once: who finds no
// token is told a time of its own, one token after the one before, and not the same time
// as all the others. A time farther away than the third argument is folded back into
// the second half of that: nobody waits long for a bucket that others have given up.
const turnScript = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local rate, burst, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local b = redis.call('HMGET', KEYS[1], 'tokens', 'at', 'rest', 'turn')
local tokens = math.min(burst, (tonumber(b[1]) or burst) + math.max(0, now - (tonumber(b[2]) or now)) * rate / 1000)
local rest = math.max(0, (tonumber(b[3]) or 0) - now)
local wait, keep = rest, math.max(rest, burst * 1000 / rate)
if rest == 0 and tokens >= 1 then tokens = tokens - 1
elseif rest == 0 then wait = (1 - tokens) * 1000 / rate end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', now)
if wait > 0 then
  local turn = math.max(now + wait, (tonumber(b[4]) or 0) + 1000 / rate)
  redis.call('HSET', KEYS[1], 'turn', string.format('%.3f', turn))
  wait = turn - now
  keep = math.max(keep, wait)
  if wait > most then wait = math.max(rest, most / 2 + wait % (most / 2)) end
end
redis.call('PEXPIRE', KEYS[1], math.ceil(keep) + 60000)
return math.ceil(wait)`

// farthestTurn is how far away a turn may be.
const farthestTurn = 5 * time.Minute

// TakeTurn is Take for a bucket that very many may ask at once: who has to wait is given
// a turn of its own. A bucket without a limit has only its rests.
func (l *Redis) TakeTurn(ctx context.Context, bucket string, r connectors.Rate) time.Duration {
	if r.PerSecond <= 0 {
		return l.RestsFor(ctx, bucket)
	}
	burst := max(r.Burst, 1)
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	wait, err := l.turns.Run(ctx, l.client, []string{key(bucket)}, r.PerSecond, burst, farthestTurn.Milliseconds()).Int64()
	if err != nil {
		return max(l.rests(bucket), l.takeLocal(bucket, r.PerSecond, burst))
	}
	return time.Duration(wait) * time.Millisecond
}
