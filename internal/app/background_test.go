package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/afterchat/afterchat/internal/app"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/standin"
	"github.com/afterchat/afterchat/internal/testenv"
)

// idle is an Afterchat that was wired together and does not run.
func idle(t *testing.T, redisURL string) *app.App {
	t.Helper()
	v, err := standin.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	path := filepath.Join(t.TempDir(), "afterchat.yaml")
	config := v.Config(standin.Settings{
		Database: testenv.Postgres(t), Redis: redisURL, Listen: "127.0.0.1:0", Concurrency: 1, Lease: 5 * time.Second, Grace: time.Second,
	})
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := app.LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.New(t.Context(), c, app.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

// falteringRedis is a Redis that, once silent is set, takes what is sent to it and says nothing.
type falteringRedis struct {
	t      *testing.T
	redis  string // host:port
	silent atomic.Bool
}

// listen returns the address under which it takes clients.
func (f *falteringRedis) listen() string {
	l, err := new(net.ListenConfig).Listen(f.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go f.serve(client)
		}
	}()
	return "redis://" + l.Addr().String()
}

func (f *falteringRedis) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", f.redis)
	if err != nil {
		return
	}
	defer server.Close()
	go func() { _, _ = io.Copy(client, server) }()
	for said := make([]byte, 4096); ; {
		n, err := client.Read(said)
		if err != nil {
			return
		}
		if !f.silent.Load() {
			_, _ = server.Write(said[:n])
		}
	}
}

func newFalteringRedis(t *testing.T) *falteringRedis {
	t.Helper()
	options, err := redis.ParseURL(testenv.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	return &falteringRedis{t: t, redis: options.Addr}
}

func TestReadyzDoesNotWaitUntilASilentRedisIsGivenUp(t *testing.T) {
	t.Parallel()
	f := newFalteringRedis(t)
	a := idle(t, f.listen())
	ask := func(patience time.Duration) int {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		answer := httptest.NewRecorder()
		a.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(ctx, http.MethodGet, "/readyz", nil))
		return answer.Code
	}
	ask(time.Minute) // now there is a connection, which is used again
	f.silent.Store(true)
	asked := time.Now()
	if code := ask(50 * time.Millisecond); code != http.StatusServiceUnavailable {
		t.Errorf("answered %d", code)
	}
	if took := time.Since(asked); took > 4500*time.Millisecond { // the client's own patience is 5 s
		t.Errorf("it waited for %s", took)
	}
}

func TestAPartThatAnsweredInTimeIsWellThoughTheOtherWasWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for range 64 { // a select that has a choice takes either
			ctx, cancel := context.WithCancel(t.Context())
			well := app.Probe(ctx, func(context.Context) error { return nil })
			silent := app.Probe(ctx, func(context.Context) error { <-t.Context().Done(); return nil })
			synctest.Wait()
			cancel()
			if err := silent(); err == nil {
				t.Fatal("what says nothing is well")
			}
			if err := well(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestARedisThatThrowsTasksAwayIsRefused(t *testing.T) {
	t.Parallel()
	redisURL := testenv.Redis(t)
	options, err := redis.ParseURL(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	if err := client.ConfigSet(t.Context(), "maxmemory-policy", "allkeys-lru").Err(); err != nil {
		t.Fatal(err)
	}
	a := idle(t, redisURL)
	if _, err := a.Store().Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := a.Run(ctx); fault.CodeOf(err) != "redis_evicts" {
		t.Errorf("it runs: %v", err)
	}
}

func TestAProcessThatDoesNotWorkYetIsNotReady(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ redis, says string }{
		"all there":  {testenv.Redis(t), `{"postgres":"ok","process":"unavailable","redis":"ok"}`},
		"Redis away": {"redis://" + nobody(t), `{"postgres":"ok","redis":"unavailable"}`},
	} {
		answer := httptest.NewRecorder()
		idle(t, c.redis).Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
		if got := strings.TrimSpace(answer.Body.String()); answer.Code != http.StatusServiceUnavailable || got != c.says {
			t.Errorf("%s: answered %d %s", name, answer.Code, got)
		}
	}
}

func TestTheTimelineDoesNotWaitUntilASilentRedisIsGivenUp(t *testing.T) {
	t.Parallel()
	f := newFalteringRedis(t)
	a := idle(t, f.listen())
	if _, err := a.Store().Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(standin.Chat(1))
	if err != nil {
		t.Fatal(err)
	}
	call := func(method, path string, body []byte) int {
		r := httptest.NewRequestWithContext(t.Context(), method, "/v1/conversations/"+standin.Chat(1).ID+path, bytes.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+standin.APIKey)
		answer := httptest.NewRecorder()
		a.Handler().ServeHTTP(answer, r)
		return answer.Code
	}
	if code := call(http.MethodPost, "/end", body); code != http.StatusAccepted {
		t.Fatalf("end: %d", code)
	}
	f.silent.Store(true)
	for _, path := range []string{"/deliveries", "/details"} {
		asked := time.Now()
		if code := call(http.MethodGet, path, nil); code != http.StatusOK {
			t.Errorf("%s: %d", path, code)
		}
		if took := time.Since(asked); took > 4500*time.Millisecond { // the client's own patience is 5 s
			t.Errorf("%s waited for %s", path, took)
		}
	}
}

func TestARedisThatRefusesIsNotCalledAway(t *testing.T) {
	t.Parallel()
	options, err := redis.ParseURL(testenv.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	check := func(address, password string) error {
		c := redis.NewClient(&redis.Options{Addr: address, Password: password})
		defer c.Close()
		return app.CheckRedis(t.Context(), c)
	}
	open := redis.NewClient(options)
	defer open.Close()
	if err := open.ConfigSet(t.Context(), "requirepass", "right").Err(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ address, password, code, detail string }{
		"no password":    {options.Addr, "", "redis_refused", "Redis refused: NOAUTH"},
		"a wrong one":    {options.Addr, "wrong", "redis_refused", "Redis refused: WRONGPASS"},
		"the right one":  {options.Addr, "right", "", ""},
		"nobody listens": {nobody(t), "", "redis_away", "Redis cannot be reached"},
	} {
		err := check(c.address, c.password)
		if fault.CodeOf(err) != c.code || err != nil && (!fault.Is(err, fault.Transient) || !strings.Contains(err.Error(), c.detail)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// nobody is an address at which nobody listens.
func nobody(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
