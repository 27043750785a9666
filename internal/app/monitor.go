package app

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/hibiken/asynqmon"
	"github.com/redis/go-redis/v9"

	"github.com/afterchat/afterchat/workers/tasks"
)

// newMonitor is asynq's dashboard, read-only. A chat core's own tasks hold what people
// wrote, so they are masked; ours hold ids and are shown.
func newMonitor(c redis.UniversalClient) http.Handler {
	return asynqmon.New(asynqmon.Options{
		RootPath:     "/monitor",
		RedisConnOpt: shared{c},
		ReadOnly:     true,
		PayloadFormatter: asynqmon.PayloadFormatterFunc(func(taskType string, payload []byte) string {
			if strings.HasPrefix(taskType, "deliver:") || taskType == tasks.TypeTicketsFetch {
				return string(payload)
			}
			return "•••"
		}),
	})
}

// shared hands asynqmon the client that the process has already.
type shared struct{ client redis.UniversalClient }

// MakeRedisClient returns the shared client.
func (s shared) MakeRedisClient() any { return s.client }

// quiet is asynq's logger: warnings and errors alone, as structured lines.
type quiet struct{ log *slog.Logger }

func (quiet) Debug(...any) {}
func (quiet) Info(...any)  {}

// asynq's lines name task ids and what Redis answered, never a payload.
func (q quiet) Warn(args ...any)  { q.log.Warn("asynq", "says", fmt.Sprint(args...)) }
func (q quiet) Error(args ...any) { q.log.Error("asynq", "says", fmt.Sprint(args...)) }
func (q quiet) Fatal(args ...any) { q.log.Error("asynq", "says", fmt.Sprint(args...)) }
