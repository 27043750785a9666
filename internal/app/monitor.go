package app

import (
	"net/http"
	"slices"
	"strings"

	"github.com/hibiken/asynq"
	"github.com/hibiken/asynqmon"
	"github.com/redis/go-redis/v9"

	"github.com/afterchat/afterchat/workers/tasks"
)

// newMonitor is asynq's dashboard, read-only. A chat core's own tasks hold what people
// wrote, so they are masked; ours hold ids and are shown.
//
// asynq knows a queue from its first task on; asynqmon takes it for a failure of its own
// when it is asked for the tasks of one before.
func newMonitor(c redis.UniversalClient, inspector *asynq.Inspector) http.Handler {
	monitor := asynqmon.New(asynqmon.Options{
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
	mux := http.NewServeMux()
	mux.Handle("/", monitor)
	mux.HandleFunc("GET /monitor/api/queues/{queue}/{tasks}", func(w http.ResponseWriter, r *http.Request) {
		if known, err := inspector.Queues(); err == nil && !slices.Contains(known, r.PathValue("queue")) {
			http.NotFound(w, r)
			return
		}
		monitor.ServeHTTP(w, r)
	})
	return mux
}

// shared hands asynqmon the client that the process has already.
type shared struct{ client redis.UniversalClient }

// MakeRedisClient returns the shared client.
func (s shared) MakeRedisClient() any { return s.client }
