package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/hibiken/asynq"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/standin"
	"github.com/afterchat/afterchat/workers/tasks"
)

// core plays the chat core: it knows an address, an API key and a Redis, and nothing
// else of Afterchat.
type core struct {
	base   string
	client *http.Client
	queue  *asynq.Client
}

func newCore(s *stack) *core {
	c := &core{
		base:   s.url,
		client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: senders}},
		queue:  asynq.NewClient(asynq.RedisClientOpt{Addr: s.redis.Addr()}),
	}
	s.onClose(func() {
		_ = c.queue.Close()
		c.client.CloseIdleConnections()
	})
	return c
}

// open says how an open chat stands.
func (c *core) open(ctx context.Context, s sample) error {
	return c.call(ctx, http.MethodPut, conversationPath(s.snapshot.ID, ""), s.raw, nil)
}

// end ends a chat by HTTP.
func (c *core) end(ctx context.Context, s sample) error {
	return c.call(ctx, http.MethodPost, conversationPath(s.snapshot.ID, "/end"), s.raw, nil)
}

// link has a link to the chat sent to a number.
func (c *core) link(ctx context.Context, conversation, number string) error {
	return c.call(ctx, http.MethodPost, "/v1/links", newLink(conversation, number), nil)
}

// endByQueue ends a chat over asynq.
func (c *core) endByQueue(ctx context.Context, s sample) error {
	return c.enqueue(ctx, tasks.TypeChatEnded, s.snapshot.ID, s.raw)
}

// linkByQueue has a link sent over asynq.
func (c *core) linkByQueue(ctx context.Context, conversation, number string) error {
	return c.enqueue(ctx, tasks.TypeLinkCreate, conversation, newLink(conversation, number))
}

func (c *core) enqueue(ctx context.Context, taskType, conversation string, body any) error {
	task, err := tasks.NewChat(taskType, standin.Organization, conversation, body)
	if err != nil {
		return err
	}
	if _, err := c.queue.EnqueueContext(ctx, task); err != nil {
		return fault.Wrap(fault.Transient, "enqueue", "enqueueing "+taskType, err)
	}
	return nil
}

// resumeLink is the body of POST /v1/links.
type resumeLink struct {
	Purpose      string            `json:"purpose"`
	Conversation string            `json:"conversation"`
	Send         map[string]string `json:"send"`
}

func newLink(conversation, number string) resumeLink {
	return resumeLink{chat.LinkResume, conversation, map[string]string{"channel": chat.ChannelSMS, "to": number}}
}

// call makes one call of the HTTP door. The fault has the problem's code and field.
func (c *core) call(ctx context.Context, method, path string, body, into any) error {
	var content io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("encoding a body: %w", err)
		}
		content = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, content) //nolint:gosec // base is this process's own address, and ids in paths are escaped
	if err != nil {
		return fmt.Errorf("making a request: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+standin.APIKey)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.client.Do(req) //nolint:gosec // as above
	if err != nil {
		return fault.Wrap(fault.Transient, "door_away", "the HTTP door does not answer", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= http.StatusBadRequest {
		return refusal(resp)
	}
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return fmt.Errorf("reading an answer: %w", err)
	}
	return nil
}

func refusal(resp *http.Response) error {
	var p struct{ Code, Field, Detail string }
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<16)).Decode(&p); err != nil {
		p.Code = "no_problem_document"
	}
	return fault.New(fault.Invalid, p.Code, fmt.Sprintf("refused with status %d: %s", resp.StatusCode, p.Detail)).At(p.Field)
}

func conversationPath(id, rest string) string {
	return "/v1/conversations/" + url.PathEscape(id) + rest
}
