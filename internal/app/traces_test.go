package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/afterchat/afterchat/internal/app"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/standin"
)

// secret stands in everything of a chat that no span may hold.
const secret = "quagga"

// secretive is a chat in which everything that people wrote or are called is the secret.
func secretive() chat.Snapshot {
	s := standin.Chat(1)
	s.Product, s.Group, s.Channel = "Quagga 3", "quagga fans", "quagga net"
	s.User = chat.User{ID: "quagga", Name: "Quagga Lee", Email: "quagga@example.com", Phone: "+46701234567"}
	s.Agents[0].Name, s.Agents[0].DisplayName, s.Agents[0].Email = "Bo Quagga", "Quagga", "bo@quagga.example"
	s.Messages[0].Text = "My quagga smokes"
	s.Messages[1].Attachments = []chat.Attachment{{ID: "f1", Name: "quagga.jpg", URL: "https://quagga.invalid/?token=quagga"}}
	s.Notes[0].Text = "Bought a quagga in May"
	s.Form[0] = chat.Answer{Key: "quagga", Label: "Quagga", Value: "quagga"}
	s.Flags = []chat.Flag{{Code: "health_and_safety", Source: "agent", Reason: "quagga"}}
	return s
}

// eavesdropped puts something between Afterchat and Zendesk that hears every request's
// headers, and answers what lists a user's tickets with an error that quotes them.
func eavesdropped(t *testing.T, heard func(http.Header)) func(string) string {
	return func(config string) string {
		address := regexp.MustCompile(`type: zendesk, base_url: "([^"]+)"`).FindStringSubmatch(config)[1]
		target, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			heard(r.Header)
			if strings.Contains(r.URL.RawQuery, secret) && r.Method == http.MethodGet {
				http.Error(w, `{"description": "quagga is not known"}`, http.StatusInternalServerError)
				return
			}
			proxy.ServeHTTP(w, r)
		}))
		t.Cleanup(server.Close)
		return strings.Replace(config, address, server.URL, 1)
	}
}

const (
	coreTrace  = "4bf92f3577b34da6a3ce929d0e0e4736"
	coreSpan   = "00f067aa0ba902b7"
	coreParent = "00-" + coreTrace + "-" + coreSpan + "-01"
)

func TestAChatIsOneTraceInWhichNothingStandsThatPeopleWrote(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	var mu sync.Mutex
	var leaked []string
	heard := func(h http.Header) {
		mu.Lock()
		defer mu.Unlock()
		for _, name := range []string{"Traceparent", "Tracestate", "Baggage"} {
			if h.Get(name) != "" {
				leaked = append(leaked, name)
			}
		}
	}
	r := newRigOf(t, app.Options{Traces: provider}, eavesdropped(t, heard))
	r.header = http.Header{"Traceparent": {coreParent}, "Tracestate": {"core=" + secret}, "Baggage": {"user=" + secret}}
	c := secretive()
	open := c
	open.EndedAt = time.Time{}
	r.call(http.MethodPut, "/v1/conversations/"+c.ID, open, nil)
	if code := r.call(http.MethodPost, "/v1/conversations/"+c.ID+"/end?q="+secret, c, nil); code != http.StatusAccepted {
		t.Fatalf("end: %d", code)
	}
	var link, pane struct{ URL string }
	r.call(http.MethodPost, "/v1/links", map[string]any{
		"purpose": "resume", "conversation": c.ID, "send": map[string]string{"channel": "sms", "to": "070-123 45 67"},
	}, &link)
	r.call(http.MethodPost, "/v1/conversations/"+c.ID+"/pane", map[string]string{"agent": secret}, &pane)
	words := []string{secret, "46701234567", "070-123", standin.APIKey, standin.LinkSecret}
	for _, page := range []string{link.URL, pane.URL} {
		u, err := url.Parse(page)
		if err != nil || len(u.Path) < 10 {
			t.Fatalf("%q is no page", page)
		}
		words = append(words, u.Path[strings.LastIndexByte(u.Path, '/')+1:])
		r.call(http.MethodGet, u.Path+"?"+secret, nil, nil)
	}
	r.settled(c.ID)
	want := []string{
		"POST /v1/conversations/{id}/end < core",
		"deliver:file_ticket < POST /v1/conversations/{id}/end", "zendesk create_ticket < deliver:file_ticket",
		"deliver:attach_notes < POST /v1/conversations/{id}/end", "zendesk add_comment < deliver:attach_notes",
		"deliver:email_transcript < POST /v1/conversations/{id}/end", "smtp send < deliver:email_transcript",
		"POST /v1/links < core", "deliver:send_link < POST /v1/links", "twilio send < deliver:send_link",
		"PUT /v1/conversations/{id} < core", "tickets:fetch < PUT /v1/conversations/{id}", "zendesk tickets_of < tickets:fetch",
		"GET /r/{token} < core", "GET /pane/{signed} < core",
	}
	got := awaitSpans(t, spans, want)
	everything, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ToLower(string(everything) + fmt.Sprintf("%+v", got))
	for _, word := range words {
		if strings.Contains(text, strings.ToLower(word)) {
			t.Errorf("a span holds %q", word)
		}
	}
	for _, id := range []string{c.ID, "http_500", "acme", "zendesk"} {
		if !strings.Contains(text, id) {
			t.Errorf("no span holds %q", id)
		}
	}
	if mu.Lock(); len(leaked) > 0 {
		t.Errorf("a vendor was told %v", leaked)
	}
	mu.Unlock()
	if n := strings.Count(r.log.String(), "trace_id="+coreTrace); n < 4 {
		t.Errorf("%d lines in the log name the trace", n)
	}
}

// awaitSpans waits until there are all of these spans, each as "name < parent's name".
func awaitSpans(t *testing.T, exporter *tracetest.InMemoryExporter, want []string) tracetest.SpanStubs {
	t.Helper()
	var spans tracetest.SpanStubs
	var got []string
	for range 400 {
		spans, got = exporter.GetSpans(), nil
		names := map[string]string{coreSpan: "core"}
		for _, s := range spans {
			names[s.SpanContext.SpanID().String()] = s.Name
		}
		for _, s := range spans {
			if s.SpanContext.TraceID().String() == coreTrace {
				got = append(got, s.Name+" < "+names[s.Parent.SpanID().String()])
			}
		}
		if !slices.ContainsFunc(want, func(w string) bool { return !slices.Contains(got, w) }) {
			return spans
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("the spans are\n%s\nand should be\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	return nil
}

// serve runs a whole process by its environment, and returns its door and what ends it.
func serve(t *testing.T, v *rig) (door string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	log := &lockedBuffer{}
	v.log = log
	done := make(chan error, 1)
	go func() {
		done <- app.Serve(ctx, v.path, false, app.Options{Log: slog.New(slog.NewTextHandler(log, nil))})
	}()
	listening := regexp.MustCompile(`msg=listening address=(\S+)`)
	for range 400 {
		if at := listening.FindStringSubmatch(log.String()); at != nil && strings.Contains(log.String(), "msg=working") {
			return "http://" + at[1], func() {
				cancel()
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
		}
		time.Sleep(25 * time.Millisecond)
	}
	cancel()
	t.Fatal(log.String())
	return "", nil
}

// The SDK has handlers for the whole process, and so does the environment: these do not
// run beside others.
func TestSpansGoWhereTheEnvironmentSays(t *testing.T) {
	var mu sync.Mutex
	var received strings.Builder
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(&received, r.URL.Path, r.Header.Get("Api-Key"))
		_, _ = io.Copy(&received, r.Body)
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "Api-Key=of-the-collector")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=proving-ground")
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "3600000")              // whatever comes, comes at the end
	r := newRigOf(t, app.Options{Roles: []string{app.RoleAPI}}) // the other process works
	door, stop := serve(t, r)
	r.door.URL = door
	c := secretive()
	r.call(http.MethodPost, "/v1/conversations/"+c.ID+"/end", c, nil)
	r.settled(c.ID)
	stop()
	mu.Lock()
	defer mu.Unlock()
	for _, want := range []string{"/v1/traces of-the-collector", "service.name", "afterchat", "proving-ground", "POST /v1/conversations/{id}/end"} {
		if !strings.Contains(received.String(), want) {
			t.Errorf("the collector did not get %q", want)
		}
	}
	if strings.Contains(strings.ToLower(received.String()), secret) {
		t.Error("the collector got what people wrote")
	}
}

func TestACollectorThatIsAwayHoldsUpNothing(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	for name, at := range map[string]net.Listener{"silent": silent, "gone": gone} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+at.Addr().String()+"/a-secret-of-the-operator")
			t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
			t.Setenv("OTEL_BSP_MAX_QUEUE_SIZE", "4")
			t.Setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1")
			r := newRigOf(t, app.Options{Roles: []string{app.RoleAPI}})
			door, stop := serve(t, r)
			r.door.URL = door
			for n := range 10 {
				c := standin.Chat(n)
				r.call(http.MethodPost, "/v1/conversations/"+c.ID+"/end", c, nil)
			}
			for n := range 10 {
				for _, d := range r.settled(standin.Chat(n).ID).Deliveries {
					if d.State != "delivered" {
						t.Errorf("%s is %s", d.Action, d.State)
					}
				}
			}
			began := time.Now()
			stop()
			if took := time.Since(began); took > time.Minute {
				t.Errorf("the end took %v", took)
			}
			log := r.log.String()
			if n := strings.Count(log, "traces are not sent"); n < 1 || n > 5 || strings.Contains(log, "a-secret-of-the-operator") {
				t.Errorf("%d lines complain:\n%s", n, log)
			}
		})
	}
}

func TestWhatIsWrongWithTheEnvironmentIsALineWithoutSecrets(t *testing.T) {
	for what, environment := range map[string]map[string]string{
		"exporter": {"OTEL_TRACES_EXPORTER": "zipkin"},
		"protocol": {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
		"endpoint": {"OTEL_EXPORTER_OTLP_ENDPOINT": "user:quagga@collector:4318"},
		"headers":  {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_HEADERS": "quagga"},
		"sampler":  {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_TRACES_SAMPLER": "fair"},
	} {
		t.Run(what, func(t *testing.T) {
			for name, value := range environment {
				t.Setenv(name, value)
			}
			r := newRig(t)
			_, stop := serve(t, r)
			stop()
			if log := r.log.String(); strings.Count(log, "traces are not sent") != 1 || strings.Contains(log, secret) {
				t.Error(log)
			}
		})
	}
}
