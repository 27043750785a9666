//go:build unix

package child

import "syscall"

// Attributes returns how to start a program in a session of its own, so that Ctrl-C in
// the terminal reaches this process alone and the order of shutting down is its to
// decide; and as whom, where as is not nil.
func Attributes(as *Account) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setsid: true}
	if as != nil {
		a.Credential = &syscall.Credential{Uid: as.UID, Gid: as.GID}
	}
	return a
}
