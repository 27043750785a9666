// Package child runs a server program as a child that cannot outlive this process.
//
// The child hangs on a lifeline: the read end of a pipe whose write end only this
// process holds. However this process ends, kill -9 included, the kernel closes its
// end; a few lines of shell see that, stop the server in order, wait for it, and remove
// its directory. That works on every Unix, and needs no thread to live as long as the
// server, as the parent-death signal of Linux would.
package child

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"

	"github.com/afterchat/afterchat/internal/fault"
)

// Spec describes a server to run.
type Spec struct {
	// Command is the program and its arguments.
	Command []string
	// Env is the whole environment, as "NAME=value"; nothing is inherited.
	Env []string
	// Dir is the server's working directory. It is the server's alone, and is removed
	// with all that is in it after the server has ended.
	Dir string
	// StopSignal asks the server to end, as "INT". It is repeated until the server has
	// ended, so a server has to bear it more than once.
	StopSignal string
	// Output takes what the server prints; nil for nowhere.
	Output *os.File
	// As is whom to run as; nil for the user of this process.
	As *Account
}

// Account is a user of this machine.
type Account struct {
	UID, GID uint32
}

// Process is a server that runs, or has ended.
type Process struct {
	lifeline io.Closer
	ended    chan struct{}
}

// keeper runs "$@" until it ends by itself or until standard input does, and removes
// the directory $2 in the end. $1 is the signal. Background jobs of a shell without job
// control ignore INT until they install a handler of their own, hence the repetition.
const keeper = `signal=$1 dir=$2
shift 2
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
(
	trap '' HUP INT TERM
	read -r _ <&3
	while kill -s "$signal" "$server" 2>/dev/null; do sleep 0.1; done
) &
watcher=$!
exec 3<&-
wait "$server"
code=$?
kill -s KILL "$watcher"
cd / && rm -rf -- "$dir"
exit "$code"`

// Start starts the server. Cancelling the context afterwards does not end it: Stop
// does, or the end of this process.
func Start(ctx context.Context, s Spec) (*Process, error) {
	args := append([]string{"-c", keeper, "keeper", s.StopSignal, s.Dir}, s.Command...)
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "/bin/sh", args...)
	cmd.Dir = s.Dir
	cmd.Env = s.Env
	if s.Output != nil {
		cmd.Stdout, cmd.Stderr = s.Output, s.Output
	}
	cmd.SysProcAttr = Attributes(s.As)
	lifeline, err := cmd.StdinPipe()
	if err != nil {
		return nil, fault.Wrap(fault.Transient, "child_pipe", "cannot make a pipe to a server: "+err.Error(), err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fault.Wrap(fault.Transient, "child_start", "cannot start a server: "+err.Error(), err)
	}
	p := &Process{lifeline: lifeline, ended: make(chan struct{})}
	go p.wait(cmd)
	return p, nil
}

// wait also keeps cmd reachable, and with it the lifeline.
func (p *Process) wait(cmd *exec.Cmd) {
	defer close(p.ended)
	// How it ended says nothing that the server's own output does not say better.
	_ = cmd.Wait()
}

// Ended is closed when the server has ended and its directory is gone.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Stop ends the server and waits until it has ended and its directory is gone. When the
// context is over before that, the server still ends as soon as it can.
func (p *Process) Stop(ctx context.Context) error {
	// The pipe may be closed already, by an earlier Stop or by the server's own end.
	_ = p.lifeline.Close()
	select {
	case <-p.ended:
		return nil
	case <-ctx.Done():
		return fault.Wrap(fault.Transient, "child_stop", "a server did not stop in time", ctx.Err())
	}
}

// FreePort returns a TCP port of 127.0.0.1 that was free a moment ago. Somebody else
// may take it before the server does, so a caller tries again with another one.
func FreePort(ctx context.Context) (int, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fault.Wrap(fault.Transient, "no_port", "no free port on 127.0.0.1", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return 0, fault.Wrap(fault.Transient, "no_port", "cannot give back a port of 127.0.0.1", err)
	}
	return port, nil
}

// PlainEnv returns a small environment that holds nothing that could steer a server:
// only PATH, and a locale and time zone that make its output the same everywhere.
func PlainEnv() []string {
	path := os.Getenv("PATH")
	if strings.TrimSpace(path) == "" {
		path = "/usr/local/bin:/usr/bin:/bin"
	}
	return []string{"PATH=" + path, "LC_ALL=C", "TZ=UTC"}
}
