//go:build linux

package crashtest

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/afterchat/afterchat/internal/pgserver/child"
)

// process is one running afterchat. It dies with the test.
type process struct {
	rig     *rig
	command *exec.Cmd
	config  string
	address string
	ended   chan struct{}
}

// start starts a process on a free port and returns once its door is open.
func (r *rig) start(arguments ...string) *process {
	r.t.Helper()
	for range 5 {
		if p := r.tryStart(arguments); p != nil {
			r.enter(p)
			return p
		}
	}
	r.t.Fatal("the process does not start")
	return nil
}

// tryStart returns nil when the process ended, as it does if somebody else took its port.
func (r *rig) tryStart(arguments []string) *process {
	r.t.Helper()
	port, err := child.FreePort(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	p := &process{rig: r, address: address(port), ended: make(chan struct{})}
	p.config = r.writeConfig(p.address)
	p.command = exec.Command(binary(r.t), append([]string{"serve", "--config", p.config}, arguments...)...)
	log, err := os.OpenFile(r.logPath(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		r.t.Fatal(err)
	}
	defer log.Close()
	p.command.Stdout, p.command.Stderr = log, log
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.command.Start(); err != nil {
		r.t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.command.Wait() // killed, mostly
	}()
	r.t.Cleanup(p.kill)
	for began := time.Now(); time.Since(began) < 30*time.Second; {
		if status, _ := get("http://" + p.address + "/healthz"); status == http.StatusOK {
			return p
		}
		select {
		case <-p.ended:
			return nil
		case <-time.After(10 * time.Millisecond):
		}
	}
	r.t.Fatal("the process opens no door")
	return nil
}

// kill is kill -9.
func (p *process) kill() {
	p.rig.leave(p)
	_ = p.command.Process.Kill()
	<-p.ended
}

// freeze and thaw stop the process and let it go on, as a stopped machine would.
func (p *process) freeze() { p.signal(syscall.SIGSTOP) }
func (p *process) thaw()   { p.signal(syscall.SIGCONT) }

func (p *process) signal(s syscall.Signal) {
	p.rig.t.Helper()
	if err := p.command.Process.Signal(s); err != nil {
		p.rig.t.Fatalf("%s: %v", s, err)
	}
}

func (p *process) alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

func (r *rig) logPath() string { return filepath.Join(r.dir, "afterchat.log") }

// log is what all of the rig's processes have written so far.
func (r *rig) log() string {
	r.t.Helper()
	raw, err := os.ReadFile(r.logPath())
	if err != nil {
		r.t.Error(err)
	}
	return string(raw)
}

// lastWords is the end of the log, without the requests.
func (r *rig) lastWords() string {
	lines := slices.DeleteFunc(strings.Split(r.log(), "\n"), func(line string) bool { return strings.Contains(line, "msg=request") })
	return strings.Join(lines[max(0, len(lines)-60):], "\n")
}

func get(url string) (int, string) { return ask(http.MethodGet, url, nil, nil) }
