package app

import (
	"context"
	"log/slog"
	"sync/atomic"

	"github.com/hibiken/asynq"
)

// Probe begins to ask a part that is in use how it is.
func Probe(ctx context.Context, part func(context.Context) error) (answer func() error) {
	var inUse atomic.Bool
	inUse.Store(true)
	return probe(ctx, part, &inUse)
}

// NewQuiet returns asynq's logger.
func NewQuiet(log *slog.Logger) asynq.Logger { return quiet{newRemarks(log, "asynq")} }
