//go:build linux

package crashtest

import (
	"context"
	"encoding/json"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/afterchat/afterchat/internal/standin"
	"github.com/afterchat/afterchat/workers/tasks"
)

func TestATaskThatCannotBeReadIsRejectedAndLeavesRedis(t *testing.T) {
	t.Parallel()
	r := newRig(t, seedOf(t))
	p := r.start()
	for name, payload := range map[string]string{
		"half":    `{"organization":"acme","conversation":"c_1","id":"c_1","messages":[{"text":"Boiler`,
		"typed":   `{"organization":"acme","conversation":"c_1","id":"c_1","started_at":"2026-11-20T09:12:03Z","messages":"Boiler"}`,
		"authors": `{"organization":"acme","conversation":"c_1","id":"c_1","started_at":"2026-11-20T09:12:03Z","messages":[{"id":"m1","at":"2026-11-20T09:12:03Z","author":{"kind":"Boiler"},"text":"x"}]}`,
		"nobody":  `{"conversation":"c_1","id":"c_1"}`,
	} {
		if _, err := r.queue.Enqueue(asynq.NewTask(tasks.TypeChatEnded, []byte(payload)), asynq.TaskID(name), asynq.Queue(tasks.QueueIntake)); err != nil {
			t.Fatal(err)
		}
	}
	var rejects []reject
	eventually(t, 30*time.Second, "all are rejected", func() bool {
		rejects = r.rejects(p)
		return len(rejects) == 4
	})
	for _, want := range []struct{ task, reason string }{
		{"half", "malformed_json"}, {"typed", "messages"}, {"authors", "messages[0].author.kind"}, {"nobody", "organization_missing"},
	} {
		if !holdsReject(rejects, want.task, want.reason) {
			t.Errorf("no reject of task %s that says %s in %+v", want.task, want.reason, rejects)
		}
	}
	eventually(t, 30*time.Second, "the tasks have left Redis", func() bool { return !strings.Contains(r.inRedis(), "Boiler") })
	if _, metrics := get("http://" + p.address + "/metrics"); !strings.Contains(metrics, "\nafterchat_rejects 4\n") {
		t.Error("the metrics do not count the rejects")
	}
	mustHoldNothingPrivate(t, "the log", r.log())
	if all := r.ledger(""); len(all) != 0 {
		t.Errorf("rejects were planned: %v", all)
	}
}

func TestATaskForAnUnknownOrganizationWaitsForItsConfiguration(t *testing.T) {
	t.Parallel()
	r := newRig(t, seedOf(t))
	r.organization = "other"
	p := r.start()
	s := standin.Chat(1)
	task, err := tasks.NewChat(tasks.TypeChatEnded, standin.Organization, s.ID, s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.queue.Enqueue(task, asynq.MaxRetry(0)); err != nil { // the worst that a sender can do
		t.Fatal(err)
	}
	eventually(t, 30*time.Second, "the task was tried and waits", func() bool {
		info, err := r.inspector.GetQueueInfo(tasks.QueueIntake)
		return err == nil && info.Processed > 0 && info.Scheduled+info.Retry == 1
	})
	if rejects := r.rejects(p); len(rejects) != 0 {
		t.Errorf("rejected at once: %+v", rejects)
	}
	p.kill()
	r.organization = standin.Organization
	r.start()
	eventually(t, 30*time.Second, "the chat has ended", func() bool {
		status, _ := r.call(http.MethodGet, "/v1/conversations/"+s.ID, nil, nil, nil)
		return status == http.StatusOK
	})
	r.ended(20 * time.Second)
	if n := len(r.vendors.Effects()); n != 3 {
		t.Errorf("%d effects, want 3", n)
	}
}

type reject struct{ Task, Type, Organization, Reason string }

// rejects asks the command line, as an operator would.
func (r *rig) rejects(p *process) []reject {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	output, err := exec.CommandContext(ctx, binary(r.t), "rejects", "--json", "--config", p.config).Output()
	var list struct{ Rejects []reject }
	if err != nil || !decode(string(output), &list) {
		r.t.Fatalf("afterchat rejects: %v %s", err, output)
	}
	return list.Rejects
}

func holdsReject(list []reject, task, reason string) bool {
	for _, r := range list {
		if r.Task == task && strings.Contains(r.Reason, reason) {
			return true
		}
	}
	return false
}

func decode(answer string, into any) bool { return json.Unmarshal([]byte(answer), into) == nil }
