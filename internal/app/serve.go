package app

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// Migrate brings a configuration's database up to date and returns its version.
func Migrate(ctx context.Context, path string) (int64, error) {
	c, err := LoadConfig(path)
	if err != nil {
		return 0, err
	}
	s, err := OpenStore(ctx, c)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	return s.Migrate(ctx)
}

// Serve runs a process until ctx is done.
func Serve(ctx context.Context, path string, migrate bool, o Options) error {
	c, err := LoadConfig(path)
	if err != nil {
		return err
	}
	redis.SetLogger(redisLog{newRemarks(o.Log, "redis")}) // it has one for the whole process, and prints by default
	traces, stop := startTraces(ctx, o.Log)
	defer stop()
	o.Traces = traces
	a, err := New(ctx, c, o)
	if err != nil {
		return err
	}
	defer a.Close()
	return a.run(ctx, migrate)
}
