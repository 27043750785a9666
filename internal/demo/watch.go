package demo

import (
	"context"
	"log/slog"
)

func watch(context.Context, Options, *slog.Logger) error { return nil }
