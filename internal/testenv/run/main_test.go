package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/afterchat/afterchat/internal/testenv"
)

func TestTheCommandsExitCodeIsPassedOn(t *testing.T) {
	t.Setenv(testenv.DatabaseEnv, "postgres://not-used")
	for name, c := range map[string]struct {
		script string
		want   int
	}{
		"success":       {"exit 0", 0},
		"failure":       {"exit 7", 7},
		"a kill signal": {"kill -KILL $$", 137},
		"SIGTERM to us": {"kill -TERM $PPID; exec sleep 10", 143},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := run(t.Context(), []string{"/bin/sh", "-c", c.script}, io.Discard); err != nil || got != c.want {
				t.Errorf("got %d (%v), want %d", got, err, c.want)
			}
		})
	}
}

func TestACommandThatDoesNotExistIsAnError(t *testing.T) {
	t.Setenv(testenv.DatabaseEnv, "postgres://not-used")
	if code, err := run(t.Context(), []string{"/no/such/command"}, io.Discard); err == nil || code != 1 {
		t.Errorf("got %d and %v, want 1 and an error", code, err)
	}
}

func TestTheCommandGetsAClusterThatIsGoneAfterwards(t *testing.T) {
	t.Setenv(testenv.DatabaseEnv, "")
	saved := filepath.Join(t.TempDir(), "address")
	script := `printf %s "$` + testenv.DatabaseEnv + `" >"$0"`
	if code, err := run(t.Context(), []string{"/bin/sh", "-c", script, saved}, io.Discard); err != nil || code != 0 {
		t.Fatalf("got %d (%v)", code, err)
	}
	address, err := os.ReadFile(saved)
	if err != nil || len(address) == 0 {
		t.Fatalf("the command was given the address %q (%v)", address, err)
	}
	if conn, err := pgx.Connect(t.Context(), string(address)); err == nil {
		conn.Close(t.Context())
		t.Error("the cluster still answers")
	}
}
