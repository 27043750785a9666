package child

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"
)

// Unprivileged returns the first of these users that the machine has and that is not
// root, nil if there is none.
func Unprivileged(names ...string) *Account {
	for _, name := range names {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if uidErr == nil && gidErr == nil && uid != 0 {
			return &Account{UID: uint32(uid), GID: uint32(gid)}
		}
	}
	return nil
}

// TempDir returns where to make a program's directory. Another user than ours has to
// be able to reach it, which a private temporary directory would prevent.
func TempDir(as *Account) string {
	own := os.TempDir()
	if as == nil || reachable(own) {
		return own
	}
	return "/tmp"
}

// reachable reports whether everybody may pass through dir and all above it.
func reachable(dir string) bool {
	for {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return true
		}
		dir = parent
	}
}
