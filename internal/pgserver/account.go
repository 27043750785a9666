package pgserver

import (
	"os"

	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/pgserver/child"
)

// unprivileged returns whom to run PostgreSQL as: nil for the user of this process, or
// another one where this process is root.
func unprivileged() (*child.Account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	if as := child.Unprivileged("postgres", "nobody"); as != nil {
		return as, nil
	}
	return nil, fault.New(fault.Unsupported, "postgres_account",
		"PostgreSQL refuses to run as root, and this machine has neither a user postgres nor a user nobody: run as another user")
}
