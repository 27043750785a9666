//go:build linux

package crashtest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/afterchat/afterchat/internal/standin"
	"github.com/afterchat/afterchat/internal/testenv"
)

// Short, so that a takeover does not take long; a call may not begin in the last half
// second of its lease.
const (
	lease       = 4 * time.Second
	grace       = time.Second
	concurrency = 8
)

// rig is everything around the processes: what they need, what they call, and who
// calls them.
type rig struct {
	t               *testing.T
	seed            uint64
	dir             string
	publicURL       string
	vendors         *standin.Vendors
	zendesk, twilio *vendor
	mail            *relay
	database        string // addresses as the processes know them
	redis           string
	organization    string                     // the id under which the stand-ins' organization is configured
	edit            func(config string) string // of every process; nil: as the stand-ins want it
	admin           *redis.Client
	queue           *asynq.Client
	inspector       *asynq.Inspector

	mu    sync.Mutex
	doors []*process
}

// newRig prepares everything and starts no process yet.
func newRig(t *testing.T, seed uint64) *rig {
	t.Helper()
	v, err := standin.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	r := &rig{
		t: t, seed: seed, dir: t.TempDir(), publicURL: "http://127.0.0.1:9", organization: standin.Organization, vendors: v,
		database: testenv.Postgres(t), redis: testenv.Redis(t),
		zendesk: &vendor{next: v.Zendesk, seed: seed}, twilio: &vendor{next: v.Twilio, seed: seed + 1},
	}
	zendesk, twilio := httptest.NewServer(r.zendesk), httptest.NewServer(r.twilio)
	t.Cleanup(zendesk.Close)
	t.Cleanup(twilio.Close)
	v.ZendeskURL, v.TwilioURL = zendesk.URL, twilio.URL
	r.mail = newRelay(t, v.Mail.Addr(), func() time.Duration { return time.Duration(rand.Int64N(int64(slowest / 3))) })
	r.connectRedis()
	r.migrate()
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("the end of the processes' log:\n" + r.lastWords())
		}
	})
	return r
}

func (r *rig) connectRedis() {
	options, err := redis.ParseURL(r.redis)
	if err != nil {
		r.t.Fatal(err)
	}
	r.admin = redis.NewClient(options)
	r.queue = asynq.NewClientFromRedisClient(r.admin)
	r.inspector = asynq.NewInspectorFromRedisClient(r.admin)
	r.t.Cleanup(func() { _ = r.admin.Close() })
}

func (r *rig) migrate() {
	r.t.Helper()
	program := binary(r.t)
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	if output, err := exec.CommandContext(ctx, program, "migrate", "--config", r.writeConfig(address(9))).CombinedOutput(); err != nil {
		r.t.Fatalf("migrating: %v\n%s", err, output)
	}
}

// writeConfig writes the configuration of a process that listens at an address. What
// users and vendors see stays the same from process to process.
func (r *rig) writeConfig(listen string) string {
	r.t.Helper()
	config := r.vendors.Config(standin.Settings{
		Database: r.database, Redis: r.redis, Listen: listen, Concurrency: concurrency, Lease: lease, Grace: grace,
	})
	config = strings.Replace(config, r.vendors.Mail.Addr(), r.mail.address, 1)
	config = strings.Replace(config, "http:\n", "http:\n  public_url: "+r.publicURL+"\n", 1)
	config = strings.Replace(config, "  "+standin.Organization+":\n", "  "+r.organization+":\n", 1)
	if r.edit != nil {
		config = r.edit(config)
	}
	path := filepath.Join(r.dir, "afterchat-"+strings.ReplaceAll(listen, ":", "-")+".yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return path
}

// through puts a relay before the server of an address that the processes are given.
func (r *rig) through(address *string) *relay {
	r.t.Helper()
	u, err := url.Parse(*address)
	if err != nil {
		r.t.Fatal(err)
	}
	l := newRelay(r.t, u.Host, nil)
	u.Host = l.address
	*address = u.String()
	return l
}

// enter and leave say which processes callers may come to.
func (r *rig) enter(p *process) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.doors = append(r.doors, p)
}

func (r *rig) leave(p *process) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, door := range r.doors {
		if door == p {
			r.doors = append(r.doors[:i:i], r.doors[i+1:]...)
			return
		}
	}
}

// door is one of the doors.
func (r *rig) door() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.doors) == 0 {
		return address(9) // nobody listens there
	}
	return r.doors[rand.IntN(len(r.doors))].address
}

// call asks as the organization, once. Status 0 means that there was no answer.
func (r *rig) call(method, path string, header map[string]string, body, into any) (status int, answer string) {
	all := map[string]string{"Authorization": "Bearer " + standin.APIKey}
	for name, value := range header {
		all[name] = value
	}
	status, answer = ask(method, "http://"+r.door()+path, all, body)
	if into != nil && status/100 == 2 {
		if err := json.Unmarshal([]byte(answer), into); err != nil {
			r.t.Errorf("%s %s: %s", method, path, answer)
		}
	}
	return status, answer
}

// must is call for what has to work, as soon as the process has started.
func (r *rig) must(method, path string, body, into any) {
	r.t.Helper()
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		status, answer := r.call(method, path, nil, body, into)
		if status/100 == 2 {
			return
		}
		if status/100 == 4 || time.Since(began) > 20*time.Second {
			r.t.Fatalf("%s %s: %d %s", method, path, status, answer)
		}
	}
}

// direct is the transport of this package alone.
var direct = new(http.Transport)

// ask makes one request, with a body as JSON if there is one. Status 0 means no answer.
func ask(method, url string, header map[string]string, body any) (int, string) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	var content io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return 0, err.Error()
		}
		content = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, content)
	if err != nil {
		return 0, err.Error()
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := direct.RoundTrip(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(answer)
}

// eventually asks again and again, for at most so long, until it holds.
func eventually(t *testing.T, most time.Duration, what string, holds func() bool) {
	t.Helper()
	for began := time.Now(); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > most {
			t.Fatalf("after %s still not: %s", most, what)
		}
	}
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
