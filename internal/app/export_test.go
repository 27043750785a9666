package app

import (
	"context"
	"log/slog"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// Probe begins to ask a part how it is.
func Probe(ctx context.Context, part func(context.Context) error) (answer func() error) {
	return probe(ctx, part)
}

// NewQuiet returns asynq's logger.
func NewQuiet(log *slog.Logger) asynq.Logger { return quiet{newRemarks(log, "asynq")} }

// CheckRedis says what is wrong with a Redis.
func CheckRedis(ctx context.Context, c redis.UniversalClient) error { return checkRedis(ctx, c) }
