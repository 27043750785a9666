//go:build unix

package pdf_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/pdf"
	"github.com/afterchat/afterchat/internal/pdf/pdftest"
)

// program is a browser that does what a line of shell does. It notes each start.
func program(t *testing.T, does string) (path string, starts func() int) {
	t.Helper()
	// Where this process is root the browser runs as nobody, who has to reach it.
	dir, err := os.MkdirTemp("/tmp", "afterchat-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "browser")
	if err := os.WriteFile(path, []byte("#!/bin/sh\necho >>"+dir+"/starts\n"+does+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path, func() int {
		content, _ := os.ReadFile(filepath.Join(dir, "starts")) // none, if it never started
		return len(content)
	}
}

func installed(t *testing.T) *pdf.Fonts {
	t.Helper()
	f, err := pdf.Installed()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// observed are the engines' outcomes in their order.
type observed struct {
	mu  sync.Mutex
	all []string
}

func (o *observed) observe(engine, outcome string, _ time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = append(o.all, engine+" "+outcome)
}

func TestWithoutChromiumThereIsStillAPDF(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		does   string
		code   string
		starts int // for two PDFs
	}{
		"it does not start: it is left alone":       {"exit 1", "browser_start", 1},
		"it has no sandbox: it is not used without": {"echo 'No usable sandbox!' >&2; exit 1", "no_sandbox", 1},
		"it hangs: it is killed, and tried again":   {`sh -c 'sleep 600; true' "$0" & sleep 600`, "browser_slow", 2},
		"it is too old":                   {`printf '{"id":1,"result":{"product":"HeadlessChrome/99.0"}}\000' >&4; sleep 600`, "browser_old", 1},
		"it says what nobody understands": {`printf 'what\000' >&4; sleep 600`, "browser_start", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, starts := program(t, c.does)
			var o observed
			m := pdf.NewWith(renderer(t), installed(t), path, o.observe)
			if c.code == "browser_slow" { // everything else ends by itself, however busy the machine is
				m.SetBrowserTime(3 * time.Second)
			}
			for range 2 {
				out, err := m.Make(t.Context(), document(t, "Hello 123"))
				if err != nil {
					t.Fatal(err)
				}
				if out.Engine != pdf.EngineBuiltIn || fault.CodeOf(out.Fallback) != c.code {
					t.Errorf("made by %s: %v", out.Engine, out.Fallback)
				}
				if !strings.Contains(pdftest.Read(t, out.Content).Text(), "Hello 123") {
					t.Error("the message is missing")
				}
			}
			if starts() != c.starts {
				t.Errorf("started %d times, want %d", starts(), c.starts)
			}
			if o.all[0] != pdf.EngineChromium+" "+c.code || o.all[1] != pdf.EngineBuiltIn+" ok" {
				t.Errorf("observed: %v", o.all)
			}
			if left := running(t, path); len(left) > 0 {
				t.Errorf("still running: %v", left)
			}
		})
	}
}

// running are the processes whose command line has a word.
func running(t *testing.T, word string) []string {
	t.Helper()
	var left []string
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range all {
		if content, err := os.ReadFile(file); err == nil && strings.Contains(string(content), word) {
			left = append(left, fmt.Sprintf("%s %q", file, content))
		}
	}
	return left
}

func TestALargeChatIsNotForChromium(t *testing.T) {
	t.Parallel()
	path, starts := program(t, "exit 1")
	m := pdf.NewWith(renderer(t), installed(t), path, ignored)
	out, err := m.Make(t.Context(), document(t, strings.Repeat("word ", pdf.BrowserText/5)))
	if err != nil || fault.CodeOf(out.Fallback) != "browser_too_large" || starts() != 0 {
		t.Errorf("%v, fallback %v, started %d times", err, out.Fallback, starts())
	}
}

func TestWhatOnlyTheBuiltInFontsHaveIsNotForChromium(t *testing.T) {
	t.Parallel()
	path, starts := program(t, "exit 1")
	m := pdf.NewWith(renderer(t), builtIn(t), path, ignored)
	out, err := m.Make(t.Context(), document(t, "Hello"))
	if err != nil || fault.CodeOf(out.Fallback) != "browser_fonts" || starts() != 0 {
		t.Errorf("%v, fallback %v, started %d times", err, out.Fallback, starts())
	}
}
