package workers_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hibiken/asynq"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/workers/tasks"
)

// coreTrace is the trace that a chat core's task belongs to.
const coreTrace = "4bf92f3577b34da6a3ce929d0e0e4736"

// traced has the rig's spans recorded.
func (r *rig) traced() *tracetest.InMemoryExporter {
	spans := tracetest.NewInMemoryExporter()
	r.worker.Tracer = sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)).Tracer("")
	return spans
}

// takeTraced hands in a chat core's task whose header names a trace.
func (r *rig) takeTraced(taskType string, body any, flags string) {
	r.t.Helper()
	plain, err := tasks.NewChat(taskType, acme, "c_1", body)
	if err != nil {
		r.t.Fatal(err)
	}
	task := asynq.NewTaskWithHeaders(taskType, plain.Payload(), map[string]string{"traceparent": "00-" + coreTrace + "-00f067aa0ba902b7-" + flags})
	if err := r.worker.Handler().ProcessTask(r.t.Context(), task); err != nil {
		r.t.Fatal(err)
	}
}

func TestATasksTraceGoesOnInTheDeliveriesThatItBringsAbout(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	spans := r.traced()
	r.account("zd", connectors.Traits{PrivateComments: true}, "")
	r.takeTraced(tasks.TypeChatEnded, sample("c_1", 1), "01")
	r.run(chat.NewKey(acme, "c_1", 1, chat.FileTicket, ""))
	r.takeTraced(tasks.TypeChatNote, map[string]string{"id": "late", "agent": "a_1", "text": "Technician booked"}, "01")
	r.run(chat.NewKey(acme, "c_1", 1, chat.AttachNotes, "late"))
	names := map[string]string{"00f067aa0ba902b7": "core"}
	for _, s := range spans.GetSpans() {
		names[s.SpanContext.SpanID().String()] = strings.TrimSpace(s.Name) // the rig's accounts have no type
	}
	var got []string
	for _, s := range spans.GetSpans() {
		got = append(got, strings.TrimSpace(s.Name)+" < "+names[s.Parent.SpanID().String()])
		if s.SpanContext.TraceID().String() != coreTrace {
			t.Errorf("%s is not part of the trace", s.Name)
		}
	}
	want := []string{
		"chat:ended < core", "create_ticket < deliver:file_ticket", "deliver:file_ticket < chat:ended",
		"chat:note < core", "add_comment < deliver:attach_notes", "deliver:attach_notes < chat:note",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the spans are %q", got)
	}
	if n := strings.Count(r.log.String(), "trace_id="+coreTrace); n != 2 {
		t.Errorf("%d lines name the trace:\n%s", n, r.log.String())
	}
}

func TestATraceThatIsNotKeptLeavesItsIDInTheLogAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	spans := r.traced()
	r.account("zd", connectors.Traits{PrivateComments: true}, "")
	r.takeTraced(tasks.TypeChatEnded, sample("c_1", 1), "00")
	r.run(chat.NewKey(acme, "c_1", 1, chat.FileTicket, ""))
	if len(spans.GetSpans()) > 0 || !strings.Contains(r.log.String(), "trace_id="+coreTrace) {
		t.Errorf("%d spans are recorded; the log:\n%s", len(spans.GetSpans()), r.log.String())
	}
}

func TestASpanSaysWhatWentWrongByKindAndCodeAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	spans := r.traced()
	v := r.account("zd", connectors.Traits{PrivateComments: true}, "")
	v.mishaps = []mishap{{err: errors.New("quagga@example.com is not known")}}
	r.run(r.end(sample("c_1", 1))[chat.FileTicket])
	if err := r.take(tasks.TypeChatEnded, []byte(`{"organization": "acme", "conversation": "c_2", "id": "c_2", "messages": "quagga"}`)); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"create_ticket":       "ambiguous connector_error",
		"deliver:file_ticket": "ambiguous connector_error",
		"chat:ended":          "rejected invalid_field at messages",
	}
	for _, s := range spans.GetSpans() {
		said := map[string]string{}
		for _, a := range s.Attributes {
			said[string(a.Key)] = a.Value.AsString()
		}
		if got := said["afterchat.outcome"] + " " + said["afterchat.code"]; got != want[strings.TrimSpace(s.Name)] || s.Status.Code != codes.Error {
			t.Errorf("%q went %q, %v", s.Name, got, s.Status)
		}
		if s.Status.Description != said["afterchat.code"] || len(s.Events) > 0 {
			t.Errorf("%q says more than a code: %v, %v", s.Name, s.Status, s.Events)
		}
		if text := fmt.Sprintf("%+v", s); strings.Contains(text, "quagga") {
			t.Error(text)
		}
	}
	if n := len(spans.GetSpans()); n != len(want) {
		t.Errorf("%d spans", n)
	}
}
