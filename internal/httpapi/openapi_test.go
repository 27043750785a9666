package httpapi_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/afterchat/afterchat/internal/httpapi"
)

// contract lists the calls of the wire contract.
var contract = []string{
	"PUT /v1/conversations/{id}", "POST /v1/conversations/{id}/end", "GET /v1/conversations/{id}",
	"POST /v1/conversations/{id}/notes", "POST /v1/conversations/{id}/transcripts", "POST /v1/conversations/{id}/contact", "GET /v1/conversations/{id}/details",
	"GET /v1/conversations/{id}/deliveries", "GET /v1/deliveries", "POST /v1/deliveries/retry", "GET /v1/deliveries/{id}",
	"POST /v1/deliveries/{id}/retry", "POST /v1/deliveries/{id}/cancel", "POST /v1/deliveries/{id}/resolve",
	"POST /v1/conversations/{id}/pane", "POST /v1/links", "GET /v1/links/{id}", "DELETE /v1/links/{id}",
	"GET /pane/{signed}", "POST /pane/{signed}", "GET /r/{token}", "POST /r/{token}", "POST /webhooks/twilio/{organization}/status", "POST /webhooks/twilio/{organization}/inbound",
	"POST /webhooks/mail/{organization}/bounce",
	"GET /healthz", "GET /readyz", "GET /metrics", "GET /openapi.json", "GET /docs", "GET /monitor/",
}

func load(t *testing.T, raw []byte) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return doc
}

func description(t *testing.T) (raw []byte, doc *openapi3.T) {
	t.Helper()
	raw, err := httpapi.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	return raw, load(t, raw)
}

func TestTheDescriptionHasEveryCallOfTheContract(t *testing.T) {
	t.Parallel()
	raw, doc := description(t)
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("it is OpenAPI %s", doc.OpenAPI)
	}
	for _, call := range contract {
		method, path, _ := strings.Cut(call, " ")
		item := doc.Paths.Value(path)
		if item == nil || item.GetOperation(method) == nil {
			t.Errorf("%s is missing", call)
			continue
		}
		op := item.GetOperation(method)
		takesBody := (method == http.MethodPost || method == http.MethodPut) && strings.HasPrefix(path, "/v1/") && !strings.HasSuffix(path, "/cancel")
		takesBody = takesBody || strings.HasPrefix(path, "/webhooks/mail/")
		if (op.RequestBody != nil) != takesBody {
			t.Errorf("%s: has a body %v, want %v", call, op.RequestBody != nil, takesBody)
		}
		if strings.HasPrefix(path, "/v1/") && op.Security == nil {
			t.Errorf("%s: needs no key", call)
		}
		for _, name := range []string{"Authorization", "authorization"} {
			if op.Parameters.GetByInAndName("header", name) != nil {
				t.Errorf("%s: lists Authorization as a parameter", call)
			}
		}
	}
	for _, unused := range []string{"ErrorModel", "ErrorDetail"} {
		if bytes.Contains(raw, []byte(unused)) {
			t.Errorf("it describes %s, which is never sent", unused)
		}
	}
}

func TestTheDescriptionIsServedAndSoIsAPageOfIt(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	load(t, d.do("GET", "/openapi.json", nil, "Authorization", "").is(200, nil).body)
	r := d.do("GET", "/docs", nil, "Authorization", "").is(200, nil)
	page := string(r.body)
	if csp := r.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(page, "<script") || strings.Contains(page, "ZgotmplZ") {
		t.Errorf("the page is not safe: %s", csp)
	}
	for _, call := range contract {
		method, path, _ := strings.Cut(call, " ")
		if !strings.Contains(page, `<span class="method">`+method+`</span><code>`+path+`</code>`) {
			t.Errorf("the page lacks %s", call)
		}
	}
}

func TestAnswersAreWhatTheDescriptionSays(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	_, doc := description(t)
	id := d.ended("c")[0].ID
	var link struct{ ID string }
	d.do("POST", "/v1/links", object{"purpose": "invite", "conversation": "c", "assign_to": object{"group": "g"}}).is(201, &link)
	for _, call := range []struct {
		route, path string
		body        any
	}{
		{"PUT /v1/conversations/{id}", "/v1/conversations/c", chatOf("c")},
		{"POST /v1/conversations/{id}/end", "/v1/conversations/c/end", chatOf("c")},
		{"POST /v1/conversations/{id}/notes", "/v1/conversations/c/notes", object{"id": "n9", "text": "x"}},
		{"POST /v1/conversations/{id}/contact", "/v1/conversations/c/contact", object{"id": "k9"}},
		{"GET /v1/conversations/{id}", "/v1/conversations/c", nil},
		{"GET /v1/conversations/{id}/details", "/v1/conversations/c/details", nil},
		{"GET /v1/conversations/{id}/deliveries", "/v1/conversations/c/deliveries", nil},
		{"POST /v1/conversations/{id}/transcripts", "/v1/conversations/c/transcripts", object{"note": "As promised"}},
		{"POST /v1/conversations/{id}/pane", "/v1/conversations/c/pane", object{"agent": "a"}},
		{"GET /v1/deliveries", "/v1/deliveries?limit=1", nil},
		{"GET /v1/deliveries/{id}", "/v1/deliveries/" + id, nil},
		{"POST /v1/deliveries/{id}/cancel", "/v1/deliveries/" + id + "/cancel", nil},
		{"POST /v1/deliveries/retry", "/v1/deliveries/retry", object{"ids": []string{id, "x"}}},
		{"POST /v1/deliveries/{id}/retry", "/v1/deliveries/" + id + "/retry", nil},
		{"POST /v1/links", "/v1/links", object{"purpose": "resume", "conversation": "c"}},
		{"GET /v1/links/{id}", "/v1/links/" + link.ID, nil},
		{"DELETE /v1/links/{id}", "/v1/links/" + link.ID, nil},
		{"GET /v1/links/{id}", "/v1/links/nobody", nil}, // a problem
	} {
		method, path, _ := strings.Cut(call.route, " ")
		r := d.do(method, call.path, call.body)
		item := doc.Paths.Value(path)
		req, err := http.NewRequestWithContext(t.Context(), method, "http://x"+call.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		input := &openapi3filter.ResponseValidationInput{
			RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, Route: &routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: item.GetOperation(method)}},
			Status:                 r.status, Header: r.header,
			Options: &openapi3filter.Options{IncludeResponseStatus: true},
		}
		input.SetBodyBytes(r.body)
		if err := openapi3filter.ValidateResponse(t.Context(), input); err != nil {
			t.Errorf("%s: %v", call.route, err)
		}
		if !json.Valid(r.body) {
			t.Errorf("%s answered %s", call.route, r.body)
		}
	}
}

func TestTheDescriptionRefusesWhatTheDoorRefuses(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	_, doc := description(t)
	for _, c := range []struct{ schema, path, body string }{
		{"Snapshot", "/v1/conversations/c/end", `{"id":"c","started_at":"2026-11-20T09:12:03Z","messages":null}`},
		{"Snapshot", "/v1/conversations/c/end", `{"id":"c","started_at":"2026-11-20T09:12:03Z","messages":[],"outcome":"well"}`},
		{"Snapshot", "/v1/conversations/c/end", `{"id":"c","started_at":"2026-11-20T09:12:03Z","messages":[],"ended_by":"bot"}`},
		{"Snapshot", "/v1/conversations/c/end", `{"id":"c","started_at":"2026-11-20T09:12:03Z","messages":[{"id":"m","at":"2026-11-20T09:12:03Z","author":{"kind":"bot"}}]}`},
		{"LinkRequest", "/v1/links", `{"purpose":"other","conversation":"c"}`},
		{"LinkRequest", "/v1/links", `{"purpose":"resume","conversation":"c","send":{"channel":"fax","to":"1"}}`},
	} {
		var body any
		if err := json.Unmarshal([]byte(c.body), &body); err != nil {
			t.Fatal(err)
		}
		if doc.Components.Schemas[c.schema].Value.VisitJSON(body) == nil {
			t.Errorf("%s takes %s", c.schema, c.body)
		}
		d.do("POST", c.path, json.RawMessage(c.body)).is(422, nil)
	}
}

func TestTheDescriptionKnowsTheStatusesOfPages(t *testing.T) {
	t.Parallel()
	_, doc := description(t)
	for call, statuses := range map[string][]int{
		"GET /readyz": {200, 503}, "GET /r/{token}": {200, 404, 410}, "POST /r/{token}": {303, 404, 410}, "POST /pane/{signed}": {201, 303, 409, 422},
	} {
		method, route, _ := strings.Cut(call, " ")
		for _, status := range statuses {
			if doc.Paths.Value(route).GetOperation(method).Responses.Status(status) == nil {
				t.Errorf("%s: %d is described as a problem", call, status)
			}
		}
	}
}
