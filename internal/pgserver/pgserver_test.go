//go:build unix

package pgserver_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/afterchat/afterchat/internal/pgserver"
)

// orphanEnv makes the test binary start a server, print where it is, and wait.
const orphanEnv = "AFTERCHAT_TEST_PGSERVER_ORPHAN"

func TestMain(m *testing.M) {
	if os.Getenv(orphanEnv) != "" {
		s, err := pgserver.Start(context.Background(), pgserver.Options{})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(s.DSN("postgres"))
		select {}
	}
	os.Exit(m.Run())
}

func TestStartedServerAnswersAndIsGoneAfterStop(t *testing.T) {
	t.Parallel()
	s, err := pgserver.Start(t.Context(), pgserver.Options{Settings: map[string]string{"fsync": "off", "work_mem": "7MB"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop() })
	pid, dir := whereIs(t, s.DSN("postgres"))
	if got := query(t, s.DSN("postgres"), "SHOW work_mem"); got != "7MB" {
		t.Errorf("work_mem is %s, want the setting 7MB", got)
	}
	if got := query(t, s.DSN("postgres"), "SHOW listen_addresses"); got != "127.0.0.1" {
		t.Errorf("the server listens on %q", got)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	expectGone(t, pid, dir)
	if err := s.Stop(); err != nil {
		t.Errorf("stopping twice: %v", err)
	}
}

func TestStopCutsOffClients(t *testing.T) {
	t.Parallel()
	s, err := pgserver.Start(t.Context(), pgserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), s.DSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
}

func TestOnlyWhoHasThePasswordGetsIn(t *testing.T) {
	t.Parallel()
	s, err := pgserver.Start(t.Context(), pgserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop() })
	dsn := fmt.Sprintf("postgres://afterchat:wrong@127.0.0.1:%d/postgres?sslmode=disable", s.Port())
	if conn, err := pgx.Connect(t.Context(), dsn); err == nil {
		conn.Close(t.Context())
		t.Error("a wrong password got in")
	}
}

func TestABadSettingFailsWithPostgreSQLsOwnWords(t *testing.T) {
	t.Parallel()
	_, err := pgserver.Start(t.Context(), pgserver.Options{Settings: map[string]string{"no_such_setting": "1"}})
	if err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("got %v, want an error that names no_such_setting", err)
	}
}

func TestNothingIsLeftOfAProcessKilledWithKill9(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), orphanEnv+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "postgres://") {
		t.Fatalf("the helper process said %q (%v)", line, err)
	}
	pid, dir := whereIs(t, strings.TrimSpace(line))
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	expectGone(t, pid, dir)
}

// whereIs returns the server's process id and the directory made for it.
func whereIs(t *testing.T, dsn string) (pid int, dir string) {
	t.Helper()
	data := query(t, dsn, "SHOW data_directory")
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	if pid, err = strconv.Atoi(first); err != nil {
		t.Fatal(err)
	}
	return pid, filepath.Dir(data)
}

func query(t *testing.T, dsn, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	var got string
	if err := conn.QueryRow(t.Context(), sql).Scan(&got); err != nil {
		t.Fatal(err)
	}
	return got
}

func expectGone(t *testing.T, pid int, dir string) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		_, err := os.Stat(dir)
		running := syscall.Kill(pid, 0) == nil
		if os.IsNotExist(err) && !running {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("server still running: %t; directory %s still there: %t", running, dir, err == nil)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
