//go:build real

package chromium_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chromium"
)

// start starts a browser as the workers do, with its sandbox.
func start(t *testing.T, ctx context.Context) *chromium.Browser {
	t.Helper()
	path := chromium.Find()
	if path == "" {
		t.Skip("Chromium is not installed")
	}
	b, err := chromium.Start(ctx, chromium.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func shown(t *testing.T, ctx context.Context, b *chromium.Browser, html string) *chromium.Page {
	t.Helper()
	p, err := b.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Show(ctx, html); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAPageInChromiumReachesNothingAndRunsNothing(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()
	secret := filepath.Join(t.TempDir(), "secret.html")
	if err := os.WriteFile(secret, []byte("<p>secret</p>"), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx := patient(t)
	b := start(t, ctx)
	defer b.Close()
	page := shown(t, ctx, b, `<title>before</title><p id="p">hello</p><img src="`+server.URL+`/a.png"><link rel="stylesheet" href="`+server.URL+`/a.css">
		<iframe src="file://`+secret+`"></iframe><iframe src="`+server.URL+`"></iframe><script>document.title = "after"</script>
		<img src="data:," onerror="document.title='after'">`)
	time.Sleep(time.Second)
	var title string
	if err := page.Evaluate(ctx, "document.title", &title); err != nil {
		t.Fatal(err)
	}
	if title != "before" || asked.Load() != 0 {
		t.Errorf("the title is %q, the server was asked %d times", title, asked.Load())
	}
	text, err := page.Print(ctx)
	if err != nil || !strings.HasPrefix(string(text), "%PDF-") {
		t.Errorf("%v", err)
	}
}

func TestNothingIsLeftOfABrowser(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*chromium.Browser, context.CancelFunc){
		"closed": func(b *chromium.Browser, _ context.CancelFunc) { b.Close() },
		"killed": func(b *chromium.Browser, cancel context.CancelFunc) { cancel(); b.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(patient(t))
			defer cancel()
			b := start(t, ctx)
			shown(t, ctx, b, "<p>w1234q said nobody</p>")
			profile := b.Profile()
			err := filepath.WalkDir(profile, func(path string, _ os.DirEntry, _ error) error {
				// What cannot be read comes and goes while the browser runs.
				if content, err := os.ReadFile(path); err == nil && strings.Contains(string(content), "w1234q") {
					t.Errorf("%s holds the page", path)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(processes(t, profile)) == 0 {
				t.Error("no process has this profile: the next check would show nothing")
			}
			end(b, cancel)
			if _, err := os.Stat(profile); !os.IsNotExist(err) {
				t.Errorf("the profile is still there: %v", err)
			}
			for range 50 {
				if len(processes(t, profile)) == 0 {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
			t.Errorf("processes are left: %v", processes(t, profile))
		})
	}
}

func TestABrowserIsNotRootAndItsPagesAreSandboxed(t *testing.T) {
	t.Parallel()
	ctx := patient(t)
	b := start(t, ctx)
	defer b.Close()
	shown(t, ctx, b, "<p>hello</p>")
	renderers := 0
	for pid, command := range processes(t, b.Profile()) {
		status := read(t, pid, "status")
		if strings.Contains(status, "\nUid:\t0\t") {
			t.Errorf("runs as root: %.100s", command)
		}
		// Zygotes fork the renderers, which keep their command line's type.
		if strings.Contains(command, "--type=renderer") {
			renderers++
			if !strings.Contains(status, "\nSeccomp:\t2\n") {
				t.Error("a renderer runs without its sandbox")
			}
		}
	}
	if renderers == 0 {
		t.Error("there is no renderer to look at")
	}
}

// processes are those of the browser's process group by their ids, which are known by
// the first one's profile.
func processes(t *testing.T, profile string) map[int]string {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	all, groups := map[int]string{}, map[string]bool{}
	group := map[int]string{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		command := strings.ReplaceAll(read(t, pid, "cmdline"), "\x00", " ")
		_, rest, _ := strings.Cut(read(t, pid, "stat"), ") ")
		fields := strings.Fields(rest)
		if len(fields) < 3 || fields[0] == "Z" {
			continue
		}
		all[pid], group[pid] = command, fields[2]
		if strings.Contains(command, profile) {
			groups[fields[2]] = true
		}
	}
	for pid := range all {
		if !groups[group[pid]] {
			delete(all, pid)
		}
	}
	return all
}

func read(t *testing.T, pid int, file string) string {
	t.Helper()
	content, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), file)) // it may have ended
	return string(content)
}
