// Package rtserver gives tests a real Request Tracker 5, as Debian packages it
// (.ci/install-rt installs it): on a free port of 127.0.0.1, with a PostgreSQL of its
// own, an account with just the rights that Afterchat asks for, and a queue with the
// custom field for the key. What it mails goes into files. Nothing outside one temporary
// directory is written, and all of it is gone after the test, also when that is killed.
//
// Starting takes about ten seconds; share one between subtests. Tests that use it have
// the build tag "real".
package rtserver

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/afterchat/afterchat/internal/pgserver"
	"github.com/afterchat/afterchat/internal/pgserver/child"
)

const (
	startTimeout = 2 * time.Minute
	stopTimeout  = 30 * time.Second
	database     = "rt5"

	setupProgram  = "/usr/sbin/rt-setup-database-5"
	serverProgram = "/usr/share/request-tracker5/libexec/rt-server"
)

// client asks RT. It shares no connections with others.
var client = &http.Client{Transport: new(http.Transport)}

// Server is an RT that runs. BaseURL, User, Password, Queue and KeyField are what an
// account in Afterchat's configuration needs. TagsField is a custom field that takes
// many values; the queue OtherQueue has the key field too, and BareQueue has not.
type Server struct {
	BaseURL, User, Password      string
	Queue, OtherQueue, BareQueue string
	KeyField, TagsField          string
	AdminPassword                string // of the user root
	dir                          string
	dsn                          string
	process                      *child.Process
	log                          *os.File
}

// Start starts an RT for the test. Where RT is not installed the test is skipped, or
// fails if the environment says CI=true.
func Start(tb testing.TB) *Server {
	tb.Helper()
	for _, program := range []string{setupProgram, serverProgram} {
		if _, err := os.Stat(program); err != nil {
			const how = "Request Tracker 5 is not installed (.ci/install-rt installs it on Debian)"
			if os.Getenv("CI") == "true" {
				tb.Fatal(how)
			}
			tb.Skip(how)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	s := &Server{
		User: "afterchat", Password: rand.Text(), AdminPassword: rand.Text(),
		Queue: "General", OtherQueue: "Coffee", BareQueue: "Bare",
		KeyField: "AfterchatKey", TagsField: "Labels",
	}
	s.startDatabase(ctx, tb)
	s.startRT(ctx, tb)
	return s
}

// startDatabase starts a PostgreSQL with an empty database for RT.
func (s *Server) startDatabase(ctx context.Context, tb testing.TB) {
	tb.Helper()
	cluster, err := pgserver.Start(ctx, pgserver.Options{Settings: map[string]string{
		"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off",
	}})
	if err != nil {
		tb.Fatalf("RT needs PostgreSQL: %v", err)
	}
	tb.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			tb.Errorf("stopping RT's PostgreSQL: %v", err)
		}
	})
	conn, err := pgx.Connect(ctx, cluster.DSN("postgres"))
	if err != nil {
		tb.Fatalf("connecting to RT's PostgreSQL: %v", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+database); err != nil {
		tb.Fatalf("creating RT's database: %v", err)
	}
	s.dsn = cluster.DSN(database)
}

// launch fills the database and becomes the server, so that all hangs on one lifeline.
// $1 and $2 are the two programs.
const launch = `setup=$1 server=$2
run() {
	"$@" &
	running=$!
	trap 'kill "$running" 2>/dev/null; exit 1' TERM
	wait "$running" || exit
	trap - TERM
}
run "$setup" --action init --skip-create --root-password-file "$PWD/root-password"
run "$setup" --action insert --skip-create --datafile "$PWD/initialdata"
exec "$server" --host 127.0.0.1 --port "$PORT" --max-workers 4`

func (s *Server) startRT(ctx context.Context, tb testing.TB) {
	tb.Helper()
	port, err := child.FreePort(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	s.BaseURL = "http://127.0.0.1:" + strconv.Itoa(port)
	as := account(tb)
	s.log = s.makeDir(tb, port, as)
	env := append(child.PlainEnv(),
		"LC_ALL=C.UTF-8", "HOME="+s.dir, "TMPDIR="+s.dir, "PORT="+strconv.Itoa(port),
		"RT_SITE_CONFIG="+filepath.Join(s.dir, "site.pm"),
		"RT_SITE_CONFIG_DIR="+filepath.Join(s.dir, "none"),
	)
	s.process, err = child.Start(ctx, child.Spec{
		Command:    []string{"/bin/sh", "-c", launch, "launch", setupProgram, serverProgram},
		Env:        env,
		Dir:        s.dir,
		StopSignal: "TERM", // INT makes RT's server change owners of files when it is root
		Output:     s.log,
		As:         as,
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		if err := s.process.Stop(ctx); err != nil {
			tb.Errorf("stopping RT: %v", err)
		}
	})
	if err := s.awaitReady(ctx); err != nil {
		tb.Fatalf("RT did not start: %v; its last words:\n%s", err, s.tail())
	}
}

// awaitReady waits until the account can sign in.
func (s *Server) awaitReady(ctx context.Context) error {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.BaseURL+"/REST/2.0/queue/"+url.PathEscape(s.Queue), nil)
		if err != nil {
			return err
		}
		req.SetBasicAuth(s.User, s.Password)
		if resp, err := client.Do(req); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-s.process.Ended():
			return fmt.Errorf("it ended")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// account returns whom to run RT as: RT's own user where this process is root.
func account(tb testing.TB) *child.Account {
	tb.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup("www-data")
	if err != nil {
		tb.Fatalf("RT runs as www-data: %v", err)
	}
	uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
	if uidErr != nil || gidErr != nil {
		tb.Fatalf("www-data has the ids %q and %q", u.Uid, u.Gid)
	}
	return &child.Account{UID: uint32(uid), GID: uint32(gid)}
}

// tail returns the end of the log, which stays readable after its directory is gone.
func (s *Server) tail() string {
	const most = 4096
	info, err := s.log.Stat()
	if err != nil {
		return "(none)"
	}
	text := make([]byte, min(info.Size(), most))
	n, _ := s.log.ReadAt(text, info.Size()-int64(len(text)))
	return strings.TrimSpace(string(text[:n]))
}
