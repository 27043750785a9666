package zendesk_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/zendesk/zendesktest"
	"github.com/afterchat/afterchat/internal/chat"
)

// TestContract holds every request of the connector, and every answer of the stand-in,
// against Zendesk's own OpenAPI description, where that is at hand.
func TestContract(t *testing.T) {
	t.Parallel()
	described := &described{t: t, spec: readSpec(t), seen: make(map[string]bool)}
	d := newDesk(t, zendesktest.Options{Groups: []string{"Coffee"}})
	described.next = d.server
	d = d.behind(t, described)

	ctx := t.Context()
	ticket := connectors.Ticket{
		Key: chat.NewKey("o", "c", 1, chat.FileTicket, ""), Subject: "Chat", Body: "Smoke", Public: true,
		Requester: connectors.Person{Name: "Ann", Email: "ann@example.com"}, Group: "Coffee", Priority: "urgent",
		Tags: []string{"live-chat"}, Fields: map[string]string{"360012": "A-1007"},
		Files: []connectors.File{{Name: "chat.txt", ContentType: "text/plain", Content: []byte("all of it")}},
	}
	ref, err := d.client.CreateTicket(ctx, ticket)
	if err != nil {
		t.Fatal(err)
	}
	comment := connectors.Comment{Key: chat.NewKey("o", "c", 1, chat.AttachNotes, "end"), Body: "Boiler replaced"}
	for name, call := range map[string]func(context.Context) error{
		"finding": func(ctx context.Context) error { _, err := d.client.FindTicket(ctx, ticket.Key); return err },
		"adding":  func(ctx context.Context) error { _, err := d.client.AddComment(ctx, ref, comment); return err },
		"requester": func(ctx context.Context) error {
			return d.client.SetRequester(ctx, ref, connectors.Person{Name: "Bo", Email: "bo@example.com"})
		},
		"number": func(ctx context.Context) error {
			return d.client.SetRequester(ctx, ref, connectors.Person{Name: "Bo", Phone: "+46701234567"})
		},
		"history": func(ctx context.Context) error {
			_, err := d.client.TicketsOf(ctx, connectors.Person{Email: "bo@example.com"}, 5)
			return err
		},
		"probing": d.client.Probe,
	} {
		if err := call(ctx); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := d.client.FindComment(ctx, ref, comment.Key); err != nil {
		t.Errorf("finding the comment: %v", err)
	}
	if len(described.seen) < 8 {
		t.Errorf("only %d operations were held against the description: %v", len(described.seen), described.seen)
	}
}

// described checks what passes through it.
type described struct {
	t    *testing.T
	spec routers.Router
	next http.Handler

	mu   sync.Mutex
	seen map[string]bool
}

func (d *described) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	recorded := httptest.NewRecorder()
	d.next.ServeHTTP(recorded, r)
	for name, values := range recorded.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(recorded.Code)
	_, _ = w.Write(recorded.Body.Bytes())
	d.check(r, body, recorded)
}

func (d *described) check(r *http.Request, body []byte, answer *httptest.ResponseRecorder) {
	checked := r.Clone(context.Background())
	checked.URL.Scheme, checked.URL.Host = "https", "example.zendesk.com"
	checked.Host = checked.URL.Host
	checked.Body = io.NopCloser(bytes.NewReader(body))
	route, params, err := d.spec.FindRoute(checked)
	if err != nil {
		// The one path that the description lacks and the documentation has.
		if !regexp.MustCompile(`^/api/v2/users/\d+/tickets/requested$`).MatchString(r.URL.Path) {
			d.t.Errorf("%s %s is not described: %v", r.Method, r.URL.Path, err)
		}
		return
	}
	d.mu.Lock()
	d.seen[route.Operation.OperationID] = true
	d.mu.Unlock()
	input := &openapi3filter.RequestValidationInput{
		Request: checked, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true},
	}
	// An upload's body is any bytes; the description says nothing of it.
	if !strings.HasSuffix(r.URL.Path, "/uploads") {
		if err := openapi3filter.ValidateRequest(checked.Context(), input); unexpected(err) {
			d.t.Errorf("%s %s: the request: %v", r.Method, r.URL.Path, err)
		}
	}
	if err := openapi3filter.ValidateResponse(checked.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: answer.Code, Header: answer.Header(),
		Body: io.NopCloser(bytes.NewReader(answer.Body.Bytes())), Options: input.Options,
	}); unexpected(err) {
		d.t.Errorf("%s %s: the answer %d: %v", r.Method, r.URL.Path, answer.Code, err)
	}
}

// unexpected reports whether an error is more than the description's known faults: a
// ticket's custom field has the schema of a field's definition (key, type, title) and
// not {id, value}, as Zendesk's documentation and examples have it; and GET /groups has
// a parameter in a path that does not hold it.
func unexpected(err error) bool {
	if many, ok := errors.AsType[openapi3.MultiError](err); ok {
		return slices.ContainsFunc(many, unexpected)
	}
	if e, ok := errors.AsType[*openapi3filter.RequestError](err); ok && e.Parameter != nil && e.Parameter.Name == "user_id" {
		return false
	}
	if e, ok := errors.AsType[*openapi3.SchemaError](err); ok {
		return !slices.Contains(e.JSONPointer(), "custom_fields")
	}
	return err != nil
}

// readSpec reads Zendesk's description from the folder shared that lies beside the
// repository, or skips the test. It is loaded without validation, which it fails.
func readSpec(t *testing.T) routers.Router {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
	}
	path := filepath.Join(dir, "..", "shared", "vendors", "specs", "zendesk", "support-oas.yaml")
	if _, err := os.Stat(path); err != nil {
		t.Skip("Zendesk's OpenAPI description is not at hand (../shared/vendors/specs/zendesk)")
	}
	doc, err := openapi3.NewLoader().LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = openapi3.Servers{{URL: "https://example.zendesk.com"}}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return router
}
