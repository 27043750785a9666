package app

import (
	"context"
	"sync/atomic"
)

// Probe begins to ask a part that is in use how it is.
func Probe(ctx context.Context, part func(context.Context) error) (answer func() error) {
	var inUse atomic.Bool
	inUse.Store(true)
	return probe(ctx, part, &inUse)
}
