package rest_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/afterchat/afterchat/connectors/rest"
	"github.com/afterchat/afterchat/internal/fault"
)

// call makes a call whose every part holds a word that no error may hold.
func call(ctx context.Context, base, method string, errorCode func([]byte) string) error {
	c := rest.New(rest.Options{BaseURL: base, ErrorCode: errorCode, Authorize: func(r *resty.Request) { r.SetBasicAuth("secret-login", "secret-token") }})
	call := rest.Call{Op: "filing ticket", Method: method, Path: "/secret-path", Query: url.Values{"email": {"secret@example.com"}}}
	if method != http.MethodGet {
		call.Body = map[string]string{"text": "secret words"}
	}
	_, err := c.Do(ctx, call)
	return err
}

func safe(t *testing.T, err error) {
	t.Helper()
	if err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "@") || strings.Contains(err.Error(), "127.0.0.1")) {
		t.Errorf("it says %q", err)
	}
}

// kinds are what a status means for a request that only reads, and for one that may have
// an effect. Whatever is not listed is Invalid for both.
func kinds(status int) (read, write fault.Kind) {
	switch {
	case status == 429:
		return fault.RateLimited, fault.RateLimited
	case status == 401, status == 402, status == 403:
		return fault.Denied, fault.Denied
	case status == 404, status == 410:
		return fault.NotFound, fault.NotFound
	case status == 405, status == 501:
		return fault.Unsupported, fault.Unsupported
	case status < 400, status == 408, status == 409, status == 412, status == 423, status == 425:
		return fault.Transient, fault.Transient
	case status >= 500:
		return fault.Transient, fault.Ambiguous
	}
	return fault.Invalid, fault.Invalid
}

func TestEveryStatusIsAFaultThatSaysWhatToDo(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, _ := strconv.Atoi(strings.Split(r.URL.Path, "/")[1])
		w.Header().Set("Location", "https://secret.example/")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"error":"secret words about ann@example.com"}`)
	}))
	t.Cleanup(server.Close)
	for status := 300; status <= 599; status++ {
		if status == http.StatusNotModified {
			continue // an answer to a question that is never asked
		}
		read, write := kinds(status)
		for method, want := range map[string]fault.Kind{http.MethodGet: read, http.MethodPost: write, http.MethodPut: write, http.MethodDelete: write} {
			err := call(t.Context(), server.URL+"/"+strconv.Itoa(status), method, func(body []byte) string { return string(body) })
			if !fault.Is(err, want) || fault.CodeOf(err) != "http_"+strconv.Itoa(status) {
				t.Errorf("%s, %d: %v, want %s", method, status, err, want)
			}
			safe(t, err)
		}
	}
}

func TestAVendorsErrorCodeIsKeptIfItLooksLikeOne(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{"RecordInvalid": "RecordInvalid", "21610": "21610", "some words": "http_422", "a@b.c": "http_422", "": "http_422", strings.Repeat("x", 65): "http_422"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = io.WriteString(w, body)
		}))
		if err := call(t.Context(), server.URL, http.MethodPost, func(b []byte) string { return string(b) }); fault.CodeOf(err) != want {
			t.Errorf("%q: %v, want %s", body, err, want)
		}
		server.Close()
	}
}

func TestARequestWithoutAnAnswerMayHaveHappenedOnceItWasSent(t *testing.T) {
	t.Parallel()
	hang := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else the server does not see that the client has gone
		<-r.Context().Done()
	}
	hangUp := func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	}
	half := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"id":`)
		panic(http.ErrAbortHandler)
	}
	words := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "secret words") }
	for name, c := range map[string]struct {
		handler     http.HandlerFunc
		read, write fault.Kind
	}{
		"it hangs":                        {hang, fault.Transient, fault.Ambiguous},
		"it hangs up":                     {hangUp, fault.Transient, fault.Ambiguous},
		"it hangs up in its answer":       {half, fault.Transient, fault.Ambiguous},
		"it answers what nobody can read": {words, fault.Transient, fault.Ambiguous},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(c.handler)
			t.Cleanup(server.Close)
			client := rest.New(rest.Options{BaseURL: server.URL})
			for method, want := range map[string]fault.Kind{http.MethodGet: c.read, http.MethodPost: c.write} {
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				var into map[string]any
				_, err := client.Do(ctx, rest.Call{Op: "filing ticket", Method: method, Path: "/", Body: "secret", Into: &into})
				cancel()
				if !fault.Is(err, want) {
					t.Errorf("%s: %v, want %s", method, err, want)
				}
				safe(t, err)
			}
		})
	}
}

func TestAnAnswerWithoutEndIsNotReadToItsEnd(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"text":"`+strings.Repeat("x", 9<<20)+`"}`)
	}))
	defer server.Close()
	var got struct{ Text string }
	_, err := rest.New(rest.Options{BaseURL: server.URL}).Do(t.Context(), rest.Call{Op: "reading", Method: http.MethodGet, Into: &got})
	if !fault.Is(err, fault.Transient) || got.Text != "" {
		t.Errorf("%d bytes, %v", len(got.Text), err)
	}
}

func TestARequestThatNeverLeftDidNotHappen(t *testing.T) {
	t.Parallel()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := "http://" + l.Addr().String()
	_ = l.Close()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	for name, c := range map[string]struct {
		ctx  context.Context
		base string
		code string
	}{
		"nobody listens":           {t.Context(), refused, "unreachable"},
		"no such host":             {t.Context(), "http://nobody.invalid", "unreachable"},
		"no TLS there":             {t.Context(), strings.Replace(plain(t), "http://", "https://", 1), ""},
		"the caller has stopped":   {over, refused, ""},
		"the lease is almost over": {short, refused, "lease_short"},
	} {
		err := call(c.ctx, c.base, http.MethodPost, nil)
		if !fault.Is(err, fault.Transient) || c.code != "" && fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
		safe(t, err)
	}
}

func plain(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	return server.URL
}

func TestRetryAfterIsReadInBothItsForms(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "30": 30 * time.Second, " 1.5 ": 1500 * time.Millisecond, "-5": 0, "soon": 0, "NaN": 0,
		"86400": 24 * time.Hour, "99999999999": 24 * time.Hour, "1e300": 24 * time.Hour, "Inf": 24 * time.Hour,
		"Wed, 21 Oct 2015 07:28:00 GMT": 0, "Fri, 21 Oct 2253 07:28:00 GMT": 24 * time.Hour,
	} {
		if got := rest.RetryAfter(http.Header{"Retry-After": {value}}); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
	in := time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)
	if got := rest.RetryAfter(http.Header{"Retry-After": {in}}); got < 50*time.Second || got > time.Minute {
		t.Errorf("in a minute: %s", got)
	}
}

func TestAnErrorCarriesTheVendorsPause(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "42")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	t.Cleanup(server.Close)
	if err := call(t.Context(), server.URL, http.MethodPost, nil); fault.RetryAfterOf(err) != 42*time.Second {
		t.Errorf("%v asks for %s", err, fault.RetryAfterOf(err))
	}
}
