//go:build linux

package crashtest

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/hibiken/asynq"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/standin"
	"github.com/afterchat/afterchat/workers/tasks"
)

// core is the chat core: it ends chats when it is told to, half of them by HTTP and half
// by asynq, asks for a resume link for each, and repeats what was not accepted.
type core struct {
	rig   *rig
	turns chan int // the number of the next chat
	done  sync.WaitGroup
	next  int

	mu       sync.Mutex
	accepted int
	repeated int              // requests and tasks sent again
	links    map[int]chat.Key // the deliveries of the links that were made by HTTP
}

// patience is how long a chat core repeats what is not accepted.
const patience = 4 * time.Minute

func newCore(r *rig) *core {
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	r.t.Cleanup(cancel)
	c := &core{rig: r, turns: make(chan int), links: map[int]chat.Key{}}
	go func() {
		for n := range c.turns {
			go func() {
				defer c.done.Done()
				if c.end(ctx, n) && c.link(ctx, n) {
					c.mu.Lock()
					c.accepted++
					c.mu.Unlock()
				}
			}()
		}
	}()
	return c
}

// chats ends some more chats, all at once.
func (c *core) chats(count int) {
	for range count {
		c.next++
		c.done.Add(1)
		c.turns <- c.next
	}
}

// finish waits until everything was accepted, or the patience is over.
func (c *core) finish() (accepted int) {
	close(c.turns)
	c.done.Wait()
	return c.accepted
}

func byHTTP(n int) bool { return n%2 == 0 }

func linkByHTTP(n int) bool { return n%4 != 1 }

func (c *core) end(ctx context.Context, n int) bool {
	s := standin.Chat(n)
	path := "/v1/conversations/" + s.ID
	if byHTTP(n) {
		var plan struct{ Deliveries []delivery }
		ok := c.repeat(ctx, http.MethodPost, path+"/end", nil, s, &plan)
		if ok && len(plan.Deliveries) != 3 {
			c.rig.t.Errorf("the plan of %s has %d deliveries", s.ID, len(plan.Deliveries))
		}
		return ok
	}
	return c.enqueue(ctx, tasks.TypeChatEnded, s.ID, s, "", func() bool {
		var got struct{ State string }
		status, _ := c.rig.call(http.MethodGet, path, nil, nil, &got)
		return status == http.StatusOK && got.State == "ended"
	})
}

func (c *core) link(ctx context.Context, n int) bool {
	s := standin.Chat(n)
	key := "resume " + s.ID
	body := map[string]any{
		"purpose": "resume", "conversation": s.ID, "send": map[string]string{"channel": "sms", "to": s.User.Phone},
	}
	if linkByHTTP(n) {
		var made struct{ Delivery chat.Key }
		ok := c.repeat(ctx, http.MethodPost, "/v1/links", map[string]string{tasks.IdempotencyKey: key}, body, &made)
		c.mu.Lock()
		c.links[n] = made.Delivery
		c.mu.Unlock()
		return ok
	}
	return c.enqueue(ctx, tasks.TypeLinkCreate, s.ID, body, key, func() bool {
		var got struct{ Deliveries []delivery }
		c.rig.call(http.MethodGet, "/v1/conversations/"+s.ID+"/deliveries", nil, nil, &got)
		for _, d := range got.Deliveries {
			if d.Action == chat.SendLink {
				return true
			}
		}
		return false
	})
}

// repeat makes a request until it is answered with a 2xx.
func (c *core) repeat(ctx context.Context, method, path string, header map[string]string, body, into any) bool {
	for ctx.Err() == nil {
		status, answer := c.rig.call(method, path, header, body, into)
		if status/100 == 2 {
			return true
		}
		if status/100 == 4 {
			c.rig.t.Errorf("%s %s: %d %s", method, path, status, answer)
			return false
		}
		c.again()
		time.Sleep(50 * time.Millisecond)
	}
	return false
}

// enqueue hands a task to asynq, and again every other second, until it shows that it
// was accepted.
func (c *core) enqueue(ctx context.Context, taskType, conversation string, body any, key string, accepted func() bool) bool {
	task, err := tasks.NewChat(taskType, standin.Organization, conversation, body)
	if err != nil {
		c.rig.t.Error(err)
		return false
	}
	if key != "" {
		task = asynq.NewTaskWithHeaders(taskType, task.Payload(), map[string]string{tasks.IdempotencyKey: key}, asynq.Queue(tasks.QueueIntake))
	}
	for try := 0; ctx.Err() == nil; try++ {
		if try > 0 {
			c.again()
		}
		if key != "" {
			// A sender that did not hear that it had been heard.
			_, _ = c.rig.queue.EnqueueContext(ctx, task)
		}
		if _, err := c.rig.queue.EnqueueContext(ctx, task); err != nil {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		for began := time.Now(); time.Since(began) < 2*time.Second && ctx.Err() == nil; time.Sleep(200 * time.Millisecond) {
			if accepted() {
				return true
			}
		}
	}
	return false
}

func (c *core) again() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.repeated++
}
