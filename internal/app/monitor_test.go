package app_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hibiken/asynq"

	"github.com/afterchat/afterchat/internal/app"
	"github.com/afterchat/afterchat/internal/standin"
	"github.com/afterchat/afterchat/internal/testenv"
	"github.com/afterchat/afterchat/workers/tasks"
)

// dashboard asks the dashboard's own API for an address.
func dashboard(t *testing.T, a *app.App, address string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/monitor/api/queues/"+address, nil)
	r.Header.Set("Authorization", "Bearer "+standin.AdminToken)
	answer := httptest.NewRecorder()
	a.Handler().ServeHTTP(answer, r)
	return answer
}

// queueIn is a client of asynq at the same Redis.
func queueIn(t *testing.T, redisURL string) *asynq.Client {
	t.Helper()
	options, err := asynq.ParseRedisURI(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	client := asynq.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestTheDashboardShowsIdsAndNothingThatPeopleWrote(t *testing.T) {
	t.Parallel()
	redisURL := testenv.Redis(t)
	a, client := idle(t, redisURL), queueIn(t, redisURL)
	for queue, task := range map[string]*asynq.Task{
		tasks.QueueIntake:     asynq.NewTask(tasks.TypeChatEnded, []byte(`{"organization":"acme","messages":[{"text":"whispered"}]}`)),
		tasks.QueueDeliveries: asynq.NewTask(tasks.TypeFileTicket, []byte(`{"delivery":"0c8f7874204f81c2db9f1e4f53645ded"}`)),
	} {
		info, err := client.EnqueueContext(t.Context(), task, asynq.Queue(queue))
		if err != nil {
			t.Fatal(err)
		}
		for _, address := range []string{queue + "/pending_tasks", queue + "/tasks/" + info.ID} {
			answer := dashboard(t, a, address)
			shown := strings.Contains(answer.Body.String(), "0c8f7874204f81c2db9f1e4f53645ded")
			if answer.Code != http.StatusOK || strings.Contains(answer.Body.String(), "whispered") || shown != (queue == tasks.QueueDeliveries) {
				t.Errorf("%s: %d %s", address, answer.Code, answer.Body)
			}
		}
	}
}

func TestTheDashboardDoesNotFindAQueueThatIsNotThereYet(t *testing.T) {
	t.Parallel()
	redisURL := testenv.Redis(t)
	a := idle(t, redisURL)
	look := func() int { return dashboard(t, a, "intake/pending_tasks").Code }
	if code := look(); code != http.StatusNotFound {
		t.Errorf("a queue that nobody has put anything into: %d", code)
	}
	if _, err := queueIn(t, redisURL).EnqueueContext(t.Context(), asynq.NewTask(tasks.TypeChatEnded, nil), asynq.Queue(tasks.QueueIntake)); err != nil {
		t.Fatal(err)
	}
	if code := look(); code != http.StatusOK {
		t.Errorf("a queue that is there: %d", code)
	}
}
