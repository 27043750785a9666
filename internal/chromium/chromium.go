// Package chromium runs Chromium for one page at a time: to print it, measure it or take
// its picture.
//
// A browser is started for each use, with an empty profile that is removed afterwards,
// and spoken to over a pair of pipes (--remote-debugging-pipe), so that there is no port
// that another user of the machine could speak to, and no page stands in a file or in an
// argument. When the pipes close, however this process may end, the browser ends too.
// It has its own sandbox or is not used; pages run no script unless they are measured,
// and reach no network.
package chromium

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/pgserver/child"
)

// Options say how to start a browser.
type Options struct {
	// Path is the program; see Find.
	Path string
	// Trusted starts it without a sandbox, for pages that nobody else has had a hand in.
	Trusted bool
}

// Find returns the path of a Chromium in PATH, "" if there is none.
func Find() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// Browser is one that runs. Close it.
type Browser struct {
	*pipe
	cmd     *exec.Cmd
	profile string
	said    *opening
	ended   chan struct{}
}

const profilePattern = "afterchat-chromium-"

// Start starts a browser. Its errors are Unsupported faults where it does not start at
// all, as without a sandbox, and Transient ones otherwise. When ctx is done, the browser
// and all that it started are killed.
func Start(ctx context.Context, o Options) (*Browser, error) {
	as, err := account()
	if err != nil {
		return nil, err
	}
	profile, err := makeProfile(as)
	if err != nil {
		return nil, err
	}
	b := &Browser{profile: profile, said: &opening{}, ended: make(chan struct{})}
	b.cmd = exec.CommandContext(ctx, o.Path, arguments(o, profile)...)
	b.cmd.Dir = profile
	b.cmd.Env = append(child.PlainEnv(), "HOME="+profile, "TMPDIR="+profile)
	b.cmd.Stderr = b.said
	b.cmd.SysProcAttr = child.Attributes(as)
	b.cmd.Cancel = func() error { return killAll(b.cmd.Process) }
	b.cmd.WaitDelay = time.Second
	if b.pipe, err = startWith(b.cmd); err != nil {
		removeProfile(profile)
		return nil, err
	}
	go func() {
		// How it ended says nothing that the pipe has not said.
		_ = b.cmd.Wait()
		b.close()
		close(b.ended)
	}()
	return b, nil
}

// Close ends the browser with all that it started and removes its profile.
func (b *Browser) Close() {
	_ = killAll(b.cmd.Process)
	<-b.ended
	removeProfile(b.profile)
}

// Version returns the major version, 0 if the browser does not say.
func (b *Browser) Version(ctx context.Context) (int, error) {
	var v struct{ Product string }
	if err := b.call(ctx, "", "Browser.getVersion", nil, &v); err != nil {
		return 0, b.whyNot(ctx, err)
	}
	_, number, _ := strings.Cut(v.Product, "/")
	return leadingNumber(number), nil
}

func leadingNumber(s string) int {
	n := 0
	for _, r := range s {
		if r < '0' || r > '9' {
			break
		}
		n = 10*n + int(r-'0')
	}
	return n
}

// whyNot turns the end of a browser that never answered into its reason.
func (b *Browser) whyNot(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err // it was killed before it could answer
	}
	// What it said last is there once it has ended; one that closed its pipe and lives on
	// has said what it had to say.
	select {
	case <-b.ended:
	case <-time.After(time.Second):
	}
	switch said := b.said.String(); {
	case strings.Contains(said, "sandbox"):
		return fault.New(fault.Unsupported, "no_sandbox", "Chromium cannot have its sandbox here")
	case fault.CodeOf(err) == "browser_ended":
		return fault.New(fault.Unsupported, "browser_start", "Chromium does not start here")
	}
	return err
}

// arguments are for a browser without a window, a profile worth keeping, or a network:
// every name resolves to nothing and every address is behind a proxy that is not there
// (port 9 is "discard").
func arguments(o Options, profile string) []string {
	args := []string{
		"--headless", "--remote-debugging-pipe", "--user-data-dir=" + profile, "--disk-cache-dir=" + os.DevNull,
		"--no-first-run", "--no-default-browser-check", "--disable-default-apps", "--disable-extensions",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic",
		"--disable-breakpad", "--disable-crash-reporter", "--disable-gpu", "--disable-dev-shm-usage", "--mute-audio",
		"--password-store=basic", "--use-mock-keychain", "--font-render-hinting=none", "--force-color-profile=srgb", "--hide-scrollbars",
		"--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=http://127.0.0.1:9", "--proxy-bypass-list=<-loopback>",
	}
	if o.Trusted {
		args = append(args, "--no-sandbox")
	}
	return append(args, "about:blank")
}

// account is whom the browser runs as: nil for the user of this process, nobody where
// that is root, because Chromium has no sandbox for root.
func account() (*child.Account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	if as := child.Unprivileged("nobody"); as != nil {
		return as, nil
	}
	return nil, fault.New(fault.Unsupported, "browser_account", "Chromium has no sandbox as root, and this machine has no user nobody")
}

func makeProfile(as *child.Account) (string, error) {
	profile, err := os.MkdirTemp(child.TempDir(as), profilePattern)
	if err != nil {
		return "", fault.Wrap(fault.Transient, "browser_profile", "cannot make a profile for Chromium", err)
	}
	if as != nil {
		if err := os.Chown(profile, int(as.UID), int(as.GID)); err != nil {
			removeProfile(profile)
			return "", fault.Wrap(fault.Transient, "browser_profile", "cannot make a profile for Chromium", err)
		}
	}
	return profile, nil
}

// removeProfile tries again for a moment: a process that was just killed may still have
// been writing.
func removeProfile(profile string) {
	for range 20 {
		if os.RemoveAll(profile) == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Sweep removes profiles that a process left that was killed. They hold no page.
func Sweep(age time.Duration) {
	for _, dir := range []string{os.TempDir(), "/tmp"} {
		old, _ := filepath.Glob(filepath.Join(dir, profilePattern+"*")) // the pattern is well-formed
		for _, profile := range old {
			if info, err := os.Lstat(profile); err == nil && info.IsDir() && time.Since(info.ModTime()) > age {
				_ = os.RemoveAll(profile)
			}
		}
	}
}

// opening keeps the first kilobytes of what a browser says. It is written by one goroutine
// and read by another.
type opening struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *opening) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if room := 16<<10 - t.b.Len(); room > 0 {
		t.b.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

func (t *opening) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}
