// Package pgserver starts a private PostgreSQL on this machine, for the demo, the
// benchmark and the tests: a fresh cluster in a directory of its own, on a free port of
// 127.0.0.1, with a random password, gone without a trace when it is stopped or when
// this process ends, however it ends.
//
// It uses the newest PostgreSQL that is installed, and fetches one where there is none.
// PostgreSQL refuses to run as root; a process that is root runs it as another user.
package pgserver

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/pgserver/child"
)

const (
	superuser    = "afterchat"
	startTimeout = 60 * time.Second
	stopTimeout  = 30 * time.Second
	portTries    = 5
)

// Options say how to run a private cluster. The zero Options are good ones.
type Options struct {
	// Settings are put over PostgreSQL's own defaults, as {"fsync": "off"}.
	Settings map[string]string
	// Log is told when a PostgreSQL has to be fetched, which takes a while; may be nil.
	Log *slog.Logger
}

// Server is a private cluster that runs.
type Server struct {
	process  *child.Process
	port     int
	password string
	log      *os.File
}

// Start makes and starts a private cluster and returns when it takes connections. The
// context bounds the start alone. Errors are faults: of kind Unsupported where no
// PostgreSQL can be had, with the way out in the text, and otherwise Transient, with the
// last lines that PostgreSQL printed.
func Start(ctx context.Context, o Options) (*Server, error) {
	as, err := unprivileged()
	if err != nil {
		return nil, err
	}
	bin, err := find(ctx, as)
	if err != nil {
		return nil, err
	}
	if bin == "" {
		if bin, err = fetch(ctx, as, o.Log); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for range portTries {
		var s *Server
		if s, err = start(ctx, bin, as, o.Settings); !errors.Is(err, errPortTaken) {
			return s, err
		}
	}
	return nil, err
}

// DSN returns the address of one database in the cluster for its superuser; "postgres"
// is the one that is there from the start.
func (s *Server) DSN(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(superuser, s.password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Port returns the TCP port on 127.0.0.1.
func (s *Server) Port() int { return s.port }

// Stop shuts the cluster down, cutting off whoever is connected, waits for its end and
// removes all its files. Stopping twice is fine.
func (s *Server) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	err := s.process.Stop(ctx)
	_ = s.log.Close()
	return err
}

var errPortTaken = errors.New("the port is taken")

// launch makes the cluster and becomes its server. Both in one program, so that they
// hang on one lifeline. $1 is the folder of the binaries, the rest are settings.
const launch = `bin=$1
shift
"$bin/initdb" --pgdata="$PWD/data" --username=` + superuser + ` --pwfile=password --auth=scram-sha-256 \
	--encoding=UTF8 --locale=C --no-sync --no-instructions || exit
rm -f password
exec "$bin/postgres" -D "$PWD/data" "$@"`

func start(ctx context.Context, bin string, as *child.Account, settings map[string]string) (*Server, error) {
	port, err := child.FreePort(ctx)
	if err != nil {
		return nil, err
	}
	s := &Server{port: port, password: rand.Text()}
	dir, err := s.makeDir(as)
	if err != nil {
		return nil, err
	}
	s.process, err = child.Start(ctx, child.Spec{
		Command:    append([]string{"/bin/sh", "-c", launch, "launch", bin}, s.arguments(settings)...),
		Env:        child.PlainEnv(),
		Dir:        dir,
		StopSignal: "INT", // "fast shutdown": cuts off clients, writes a checkpoint
		Output:     s.log,
		As:         as,
	})
	if err != nil {
		_ = s.log.Close()
		_ = os.RemoveAll(dir)
		return nil, err
	}
	if err := s.awaitReady(ctx); err != nil {
		_ = s.Stop()
		return nil, err
	}
	return s, nil
}

// makeDir makes the cluster's directory, with the log and the password for initdb in it.
func (s *Server) makeDir(as *child.Account) (string, error) {
	dir, err := os.MkdirTemp(child.TempDir(as), "afterchat-postgres-")
	if err != nil {
		return "", fault.Wrap(fault.Transient, "postgres_dir", "cannot make a directory for PostgreSQL: "+err.Error(), err)
	}
	password := filepath.Join(dir, "password")
	err = os.WriteFile(password, []byte(s.password), 0o600)
	if err == nil {
		s.log, err = os.OpenFile(filepath.Join(dir, "log"), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	}
	if err == nil && as != nil {
		err = errors.Join(os.Chown(password, int(as.UID), int(as.GID)), os.Chown(dir, int(as.UID), int(as.GID)))
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return "", fault.Wrap(fault.Transient, "postgres_dir", "cannot prepare a directory for PostgreSQL: "+err.Error(), err)
	}
	return dir, nil
}

// arguments returns the settings as arguments; those without which nothing could
// connect come last and win.
func (s *Server) arguments(settings map[string]string) []string {
	var args []string
	for name, value := range settings {
		args = append(args, "-c"+name+"="+value)
	}
	slices.Sort(args)
	return append(args,
		"-clisten_addresses=127.0.0.1",
		"-cport="+strconv.Itoa(s.port),
		"-cunix_socket_directories=",
		"-clogging_collector=off",
		"-clog_destination=stderr",
	)
}

func (s *Server) awaitReady(ctx context.Context) error {
	for {
		conn, err := pgx.Connect(ctx, s.DSN("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-s.process.Ended():
			output := s.tail()
			if strings.Contains(output, "could not create any TCP/IP sockets") {
				return errPortTaken
			}
			return fault.New(fault.Transient, "postgres_ended", "PostgreSQL ended while it started; its last words:\n"+output)
		case <-ctx.Done():
			return fault.Wrap(fault.Transient, "postgres_slow", "PostgreSQL did not start in time; its last words:\n"+s.tail(), ctx.Err())
		}
	}
}

// tail returns the end of the log. The file stays readable after its directory is gone.
func (s *Server) tail() string {
	const most = 2048
	info, err := s.log.Stat()
	if err != nil {
		return "(none)"
	}
	text, _ := io.ReadAll(io.NewSectionReader(s.log, max(0, info.Size()-most), most))
	return strings.TrimSpace(string(text))
}
