package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/workers/tasks"
)

// newRedis connects to what the configuration names: one server, sentinels or a cluster.
func newRedis(c config.Redis) (redis.UniversalClient, error) {
	servers, problem := c.Servers()
	if problem != "" {
		return nil, fault.New(fault.Invalid, "bad_redis_url", problem).At("redis")
	}
	o := &redis.UniversalOptions{
		Addrs: servers.Addresses, MasterName: servers.Master, IsClusterMode: servers.Cluster, DB: servers.DB,
		Username: servers.Username, Password: servers.Password.Reveal(), MaxRetries: 1,
		ContextTimeoutEnabled: true, // or a Redis that is silent is waited for as long as the client likes
	}
	if servers.Master != "" {
		o.SentinelUsername, o.SentinelPassword = servers.Username, servers.Password.Reveal()
	}
	if servers.TLS {
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return redis.NewUniversalClient(o), nil
}

// checkRedis finds settings under which Redis would lose tasks or asynq fail. A server
// that does not let itself be asked passes.
func checkRedis(ctx context.Context, c redis.UniversalClient) error {
	if err := c.Ping(ctx).Err(); err != nil {
		return redisFault(err)
	}
	policy, err := c.ConfigGet(ctx, "maxmemory-policy").Result()
	if p := policy["maxmemory-policy"]; err == nil && p != "" && p != "noeviction" {
		return fault.New(fault.Invalid, "redis_evicts", "Redis has maxmemory-policy "+p+", under which it throws tasks away: set it to noeviction")
	}
	info, err := c.Info(ctx, "server").Result()
	if err != nil {
		return nil
	}
	for line := range strings.Lines(info) {
		version, ok := strings.CutPrefix(strings.TrimSpace(line), "redis_version:")
		var major, minor int
		if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); ok && err == nil && (major < 6 || major == 6 && minor < 2) {
			return fault.New(fault.Invalid, "redis_too_old", "Redis "+version+" is too old: 6.2 or newer is needed")
		}
	}
	return nil
}

// redisFault says whether Redis is away, or refuses and with which word: NOAUTH, WRONGPASS,
// LOADING … What follows the word may quote what was sent.
func redisFault(err error) error {
	refused, ok := errors.AsType[redis.Error](err)
	if !ok {
		return fault.Wrap(fault.Transient, "redis_away", "Redis cannot be reached", err)
	}
	word, _, _ := strings.Cut(refused.Error(), " ")
	return fault.Wrap(fault.Transient, "redis_refused", "Redis refused: "+word, err)
}

// queue is asynq's client and inspector. asynq remembers which queues it has registered,
// so after Redis lost everything the client is made anew.
type queue struct {
	redis     redis.UniversalClient
	inspector *asynq.Inspector

	mu     sync.Mutex
	client *asynq.Client
}

func newQueue(c redis.UniversalClient) *queue {
	return &queue{redis: c, inspector: asynq.NewInspectorFromRedisClient(c), client: asynq.NewClientFromRedisClient(c)}
}

// Enqueue hands a task to asynq.
func (q *queue) Enqueue(ctx context.Context, t *asynq.Task, options ...asynq.Option) error {
	q.mu.Lock()
	client := q.client
	q.mu.Unlock()
	_, err := client.EnqueueContext(ctx, t, options...)
	return err
}

// Waiting returns how many deliveries' tasks are in Redis and not finished.
func (q *queue) Waiting(context.Context) (int, error) {
	info, err := q.inspector.GetQueueInfo(tasks.QueueDeliveries)
	if errors.Is(err, asynq.ErrQueueNotFound) || err != nil && strings.Contains(err.Error(), "NOT_FOUND") {
		q.mu.Lock()
		q.client = asynq.NewClientFromRedisClient(q.redis)
		q.mu.Unlock()
		return 0, nil
	}
	if err != nil {
		return 0, redisFault(err)
	}
	return info.Pending + info.Scheduled + info.Retry, nil
}
