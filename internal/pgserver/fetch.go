package pgserver

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"

	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/pgserver/child"
)

const fetched = embeddedpostgres.V17

// fetch returns the folder of a PostgreSQL downloaded for this kind of machine, which
// is kept for the next time.
func fetch(ctx context.Context, as *child.Account, log *slog.Logger) (string, error) {
	cache, err := cacheDir(as)
	if err != nil {
		return "", unavailable(err)
	}
	home := filepath.Join(cache, "postgres-"+string(fetched))
	bin := filepath.Join(home, "bin")
	if versionOf(ctx, bin, as) != (version{}) {
		return bin, nil
	}
	if log != nil {
		log.InfoContext(ctx, "no PostgreSQL is installed: fetching one", slog.String("version", string(fetched)))
	}
	unpacked, err := os.MkdirTemp(cache, "unpacking-")
	if err != nil {
		return "", unavailable(err)
	}
	done := make(chan error, 1)
	// The download takes no context; left behind, it ends with this process.
	go func() {
		err := download(cache, unpacked, home)
		_ = os.RemoveAll(unpacked)
		done <- err
	}()
	select {
	case err = <-done:
	case <-ctx.Done():
		return "", fault.Wrap(fault.Transient, "postgres_fetch", "stopped while fetching PostgreSQL", ctx.Err())
	}
	if err == nil && versionOf(ctx, bin, as) == (version{}) {
		err = errors.New("what was fetched does not run on this machine")
	}
	if err != nil {
		return "", unavailable(err)
	}
	return bin, nil
}

// download unpacks PostgreSQL into the folder unpacked and moves it to home. The library
// downloads only on its way to starting a server; a locale that does not exist ends it
// between the two, because running the server is our business.
func download(cache, unpacked, home string) error {
	fresh := filepath.Join(unpacked, "postgres")
	port, err := child.FreePort(context.Background())
	if err != nil {
		return err
	}
	stopped := embeddedpostgres.NewDatabase(embeddedpostgres.DefaultConfig().
		Version(fetched).
		Port(uint32(port)).
		CachePath(filepath.Join(cache, "archives")).
		RuntimePath(filepath.Join(unpacked, "runtime")).
		BinariesPath(fresh).
		Locale("there is no such locale").
		Logger(io.Discard)).
		Start()
	if _, err := os.Stat(filepath.Join(fresh, "bin", "postgres")); err != nil {
		return stopped
	}
	if err := os.Chmod(unpacked, 0o755); err != nil {
		return err
	}
	if err := os.Rename(fresh, home); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// cacheDir returns a folder that lasts and that the account can reach.
func cacheDir(as *child.Account) (string, error) {
	base := "/var/cache"
	if as == nil {
		var err error
		if base, err = os.UserCacheDir(); err != nil {
			return "", err
		}
	}
	dir := filepath.Join(base, "afterchat")
	return dir, os.MkdirAll(dir, 0o755)
}

func unavailable(err error) error {
	return fault.Wrap(fault.Unsupported, "postgres_missing",
		"no PostgreSQL is installed here and none could be fetched ("+err.Error()+"): install PostgreSQL 14 or newer"+
			" (Debian and Ubuntu: apt-get install postgresql; macOS: brew install postgresql), or run it on a machine with internet access", err)
}
