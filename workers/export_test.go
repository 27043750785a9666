package workers

import (
	"context"
	"time"

	"github.com/afterchat/afterchat/internal/store"
)

// Hold is the context of a claimed call.
func Hold(ctx context.Context, c *store.Claimed, extend func(context.Context, *store.Claimed) (time.Time, error)) (held context.Context, release func()) {
	return hold(ctx, c, extend)
}
