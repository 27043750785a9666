package twiliotest_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/twilio"
	"github.com/afterchat/afterchat/connectors/twilio/twiliotest"
	"github.com/afterchat/afterchat/internal/chat"
)

const (
	sid   = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	token = "7f3d0c61e2b94a588b1d2c3e4f506172"
)

// TestTheConnectorAndTheStandInKeepToTwiliosDescription checks every request of the
// connector and every answer of the stand-in against the vendor's OpenAPI description.
func TestTheConnectorAndTheStandInKeepToTwiliosDescription(t *testing.T) {
	t.Parallel()
	router := description(t)
	standIn := twiliotest.New(twiliotest.Options{AccountSID: sid, AuthToken: token})
	checked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		checked++
		recorder := httptest.NewRecorder()
		validate(t, router, r, func(r *http.Request) *httptest.ResponseRecorder {
			standIn.ServeHTTP(recorder, r)
			return recorder
		})
		for name, values := range recorder.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(recorder.Code)
		_, _ = w.Write(recorder.Body.Bytes())
	}))
	t.Cleanup(server.Close)

	settings := &twilio.Settings{AccountSID: sid, AuthToken: token, From: "+15005550006"}
	settings.BaseURL = server.URL
	client, err := twilio.New(settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	if err := client.Probe(t.Context()); err != nil {
		t.Error(err)
	}
	m := connectors.Outgoing{
		Key: chat.NewKey("acme", "c_1", 1, chat.SendLink, ""), To: "+46701234567", Text: "Hej 🔥 https://chat.example/r/1",
		Unique: "https://chat.example/r/1", StatusURL: "https://afterchat.example/webhooks/twilio/acme/status",
	}
	for range 120 {
		if _, err := client.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	m.Unique = "https://chat.example/r/2"
	if _, err := client.FindSent(t.Context(), m); err == nil {
		t.Error("found what was never sent")
	}
	if want := 1 + 120 + 2; checked != want {
		t.Errorf("%d requests were checked, want %d", checked, want)
	}
}

func validate(t *testing.T, router routers.Router, r *http.Request, answer func(*http.Request) *httptest.ResponseRecorder) {
	t.Helper()
	body, _ := io.ReadAll(r.Body)
	asked := r.Clone(r.Context())
	asked.URL, _ = url.Parse("https://api.twilio.com" + r.URL.RequestURI())
	asked.Host = "api.twilio.com"
	asked.Body = io.NopCloser(bytes.NewReader(body))
	r.Body = io.NopCloser(bytes.NewReader(body))
	route, parameters, err := router.FindRoute(asked)
	if err != nil {
		t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		answer(r)
		return
	}
	input := &openapi3filter.RequestValidationInput{
		Request: asked, PathParams: parameters, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil {
		t.Errorf("request: %v", err)
	}
	got := answer(r)
	output := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: got.Code, Header: got.Header(), Options: input.Options,
	}
	output.SetBodyBytes(got.Body.Bytes())
	if err := openapi3filter.ValidateResponse(r.Context(), output); err != nil {
		t.Errorf("answer: %v", err)
	}
}

// description loads Twilio's description from the folder beside the checkout.
func description(t *testing.T) routers.Router {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = parent
	}
	path := filepath.Join(dir, "..", "shared", "vendors", "specs", "twilio", "twilio_api_v2010.json")
	if _, err := os.Stat(path); err != nil {
		t.Skip("Twilio's description is not beside the checkout: nothing to check against")
	}
	doc, err := openapi3.NewLoader().LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for p := range doc.Paths.Map() { // the rest takes seconds to route
		if !strings.Contains(p, "/Messages.json") && p != "/2010-04-01/Accounts/{Sid}.json" {
			doc.Paths.Delete(p)
		}
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return router
}
