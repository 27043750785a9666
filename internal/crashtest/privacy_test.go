//go:build linux

package crashtest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/standin"
	"github.com/afterchat/afterchat/workers/tasks"
)

func TestTheDashboardShowsNothingThatPeopleWrote(t *testing.T) {
	t.Parallel()
	r := newRig(t, seedOf(t))
	door := r.start("--roles", "api") // nobody works, so that tasks stay where they are
	r.readyz(http.StatusOK, "postgres ok, redis ok")
	c := newCore(r)
	c.chats(8)
	eventually(t, 30*time.Second, "chats wait in the queue", func() bool {
		info, err := r.inspector.GetQueueInfo(tasks.QueueIntake)
		return err == nil && info.Pending >= 4
	})
	path := "http://" + door.address + "/monitor/api/queues/intake/pending_tasks"
	if status, _ := get(path); status != http.StatusUnauthorized {
		t.Errorf("without the admin token: %d", status)
	}
	admin := map[string]string{"Authorization": "Bearer " + standin.AdminToken}
	status, page := ask(http.MethodGet, path, admin, nil)
	if status != http.StatusOK || strings.Count(page, tasks.TypeChatEnded) < 4 {
		t.Errorf("the dashboard: %d %s", status, page)
	}
	mustHoldNothingPrivate(t, "the dashboard", page)
	if !strings.Contains(r.inRedis(), "Boiler") {
		t.Error("a chat core's task holds the chat, but the search through Redis does not find it")
	}

	r.start() // a worker
	if accepted := c.finish(); accepted != 8 {
		t.Errorf("%d of 8 chats were accepted", accepted)
	}
	r.settle(3 * time.Minute)
	r.verify(c)
	mustHoldNothingPrivate(t, "Redis", r.inRedis())
	mustHoldNothingPrivate(t, "the log", r.log())
}

func TestRedisHoldsNothingPrivateWhileDeliveriesAreMade(t *testing.T) {
	t.Parallel()
	r := newRig(t, seedOf(t))
	r.start()
	open := r.zendesk.hold(t)
	for n := 2; n <= 40; n += 2 { // by HTTP: a chat core's own task may hold the chat
		s := standin.Chat(n)
		r.must(http.MethodPost, "/v1/conversations/"+s.ID+"/end", s, nil)
	}
	r.quiet()
	content := r.inRedis()
	if !strings.Contains(content, tasks.TypeFileTicket) {
		t.Error("the search through Redis does not find the deliveries' tasks")
	}
	mustHoldNothingPrivate(t, "Redis", content)
	open()
	r.ended(30 * time.Second)
}

// inRedis is every key and every value in Redis.
func (r *rig) inRedis() string {
	r.t.Helper()
	var b strings.Builder
	ctx := r.t.Context()
	keys := r.admin.Scan(ctx, 0, "*", 1000).Iterator()
	for keys.Next(ctx) {
		name := keys.Val()
		var value any
		var err error
		switch kind := r.admin.Type(ctx, name).Val(); kind {
		case "string":
			value, err = r.admin.Get(ctx, name).Result()
		case "list":
			value, err = r.admin.LRange(ctx, name, 0, -1).Result()
		case "set":
			value, err = r.admin.SMembers(ctx, name).Result()
		case "zset":
			value, err = r.admin.ZRange(ctx, name, 0, -1).Result()
		case "hash":
			value, err = r.admin.HGetAll(ctx, name).Result()
		case "none": // gone meanwhile
		default:
			r.t.Errorf("%s is a %s, which this search does not know", name, kind)
		}
		if err == nil {
			fmt.Fprintf(&b, "%s %v\n", name, value)
		}
	}
	if err := keys.Err(); err != nil {
		r.t.Error(err)
	}
	return b.String()
}
