//go:build !unix

package child

import "syscall"

// Attributes returns nil: where there is no /bin/sh, Start fails and says so.
func Attributes(*Account) *syscall.SysProcAttr { return nil }
