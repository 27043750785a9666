package app

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// remarks logs what a library remarks by itself. While Redis is away asynq and the client
// say so several times a second, so each remark is logged once a minute.
type remarks struct {
	log *slog.Logger
	by  string

	mu   sync.Mutex
	last map[string]time.Time
}

func newRemarks(log *slog.Logger, by string) *remarks {
	return &remarks{log: log, by: by, last: map[string]time.Time{}}
}

const (
	remarkAgain = time.Minute
	// remarkKind is how many bytes at its beginning tell a remark from others; then come
	// names, numbers and what the network said.
	remarkKind = 30
	mostKinds  = 100
)

func (r *remarks) say(ctx context.Context, level slog.Level, text string) {
	if r.isNew(text[:min(len(text), remarkKind)]) {
		r.log.Log(ctx, level, "remark", "by", r.by, "says", text)
	}
}

func (r *remarks) isNew(kind string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if last, ok := r.last[kind]; ok && now.Sub(last) < remarkAgain {
		return false
	}
	if len(r.last) >= mostKinds {
		clear(r.last)
	}
	r.last[kind] = now
	return true
}

// quiet is asynq's logger: warnings and errors alone, as structured lines. They name task
// ids and what Redis answered, never a payload.
type quiet struct{ *remarks }

func (quiet) Debug(...any) {}
func (quiet) Info(...any)  {}

func (q quiet) Warn(args ...any)  { q.say(context.Background(), slog.LevelWarn, fmt.Sprint(args...)) }
func (q quiet) Error(args ...any) { q.say(context.Background(), slog.LevelError, fmt.Sprint(args...)) }
func (q quiet) Fatal(args ...any) { q.Error(args...) }

// redisLog has what the Redis client remarks as structured lines. They name servers and
// why they could not be reached, never what was sent to them.
type redisLog struct{ *remarks }

// Printf logs a warning.
func (l redisLog) Printf(ctx context.Context, format string, args ...any) {
	l.say(ctx, slog.LevelWarn, fmt.Sprintf(format, args...))
}
