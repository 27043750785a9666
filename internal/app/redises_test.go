package app_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/afterchat/afterchat/internal/standin"
	"github.com/afterchat/afterchat/internal/testenv"
	"github.com/afterchat/afterchat/workers/tasks"
)

var redisLine = regexp.MustCompile(`(?m)^redis: .*$`)

// once lets a chat end, by HTTP, and checks that each of its effects came once.
func (r *rig) once(i int) {
	r.t.Helper()
	chat := standin.Chat(i)
	if code := r.call(http.MethodPost, "/v1/conversations/"+chat.ID+"/end", chat, nil); code != http.StatusAccepted {
		r.t.Fatalf("end: %d", code)
	}
	r.delivered(chat.ID)
}

func (r *rig) delivered(conversation string) {
	r.t.Helper()
	for _, d := range r.settled(conversation).Deliveries {
		if d.State != "delivered" {
			r.t.Errorf("%s is %s (%v)", d.Action, d.State, d.Error)
		}
	}
	for key, n := range r.vendors.Effects() {
		if n != 1 {
			r.t.Errorf("%s came %d times", key, n)
		}
	}
}

func TestAChatGoesItsWayOverARedisCluster(t *testing.T) {
	t.Parallel()
	nodes := testenv.RedisCluster(t)
	r := newRig(t, func(config string) string {
		return redisLine.ReplaceAllString(config, "redis: ['"+strings.Join(nodes, "', '")+"']")
	})
	r.once(1)

	// By asynq, too: the chat core's client knows the same cluster.
	cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: nodes})
	defer func() { _ = cluster.Close() }()
	chat := standin.Chat(2)
	task, err := tasks.NewChat(tasks.TypeChatEnded, standin.Organization, chat.ID, chat)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := asynq.NewClientFromRedisClient(cluster).EnqueueContext(t.Context(), task); err != nil {
		t.Fatal(err)
	}
	r.delivered(chat.ID)
}

func TestAChatGoesItsWayThoughTheRedisThatASentinelWatchesDies(t *testing.T) {
	t.Parallel()
	address, kill := testenv.RedisSentinel(t)
	r := newRig(t, func(config string) string { return redisLine.ReplaceAllString(config, "redis: '"+address+"'") })
	r.once(1)
	kill()
	r.once(2)
}
