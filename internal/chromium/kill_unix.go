//go:build unix

package chromium

import (
	"os"
	"syscall"
)

// killAll kills the process group: the session that child.Attributes made.
func killAll(p *os.Process) error { return syscall.Kill(-p.Pid, syscall.SIGKILL) }
