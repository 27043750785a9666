package pgserver

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/pgserver/child"
)

// unprivileged returns whom to run PostgreSQL as: nil for the user of this process, or
// another one where this process is root.
func unprivileged() (*child.Account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if uidErr == nil && gidErr == nil && uid != 0 {
			return &child.Account{UID: uint32(uid), GID: uint32(gid)}, nil
		}
	}
	return nil, fault.New(fault.Unsupported, "postgres_account",
		"PostgreSQL refuses to run as root, and this machine has neither a user postgres nor a user nobody: run as another user")
}

// tempDir returns where to make the cluster's directory. Another user than ours has to
// be able to reach it, which a private temporary directory would prevent.
func tempDir(as *child.Account) string {
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
