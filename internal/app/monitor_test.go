package app_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/hibiken/asynq"

	"github.com/afterchat/afterchat/internal/standin"
	"github.com/afterchat/afterchat/internal/testenv"
	"github.com/afterchat/afterchat/workers/tasks"
)

func TestTheDashboardDoesNotFindAQueueThatIsNotThereYet(t *testing.T) {
	t.Parallel()
	redisURL := testenv.Redis(t)
	a := idle(t, redisURL)
	look := func() int {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/monitor/api/queues/intake/pending_tasks", nil)
		r.Header.Set("Authorization", "Bearer "+standin.AdminToken)
		answer := httptest.NewRecorder()
		a.Handler().ServeHTTP(answer, r)
		return answer.Code
	}
	if code := look(); code != http.StatusNotFound {
		t.Errorf("a queue that nobody has put anything into: %d", code)
	}
	options, err := asynq.ParseRedisURI(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	client := asynq.NewClient(options)
	defer client.Close()
	if _, err := client.EnqueueContext(t.Context(), asynq.NewTask(tasks.TypeChatEnded, nil), asynq.Queue(tasks.QueueIntake)); err != nil {
		t.Fatal(err)
	}
	if code := look(); code != http.StatusOK {
		t.Errorf("a queue that is there: %d", code)
	}
}
