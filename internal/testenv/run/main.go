// Command run runs another command, as "run go test ./...", with a private PostgreSQL
// for the tests' databases, whose address it puts into the environment. It passes on
// signals and the exit code, and leaves nothing behind. If the environment names a
// PostgreSQL already, that one is used.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/afterchat/afterchat/internal/testenv"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: run COMMAND [ARGUMENT]...")
		os.Exit(2)
	}
	code, err := run(context.Background(), os.Args[1:], os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "run:", err)
	}
	os.Exit(code)
}

// run returns the command's exit code; 128 plus the signal if one ended it, and 1 with
// an error where the command could not be run.
func run(ctx context.Context, command []string, warnings io.Writer) (int, error) {
	// The command decides what a signal means; we stay until it has ended, because
	// PostgreSQL goes when we go.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)

	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if os.Getenv(testenv.DatabaseEnv) == "" {
		server, err := testenv.StartPostgres(ctx)
		if err != nil {
			return 1, fmt.Errorf("the tests need PostgreSQL, which \"make deps\" installs: %w", err)
		}
		defer func() {
			if err := server.Stop(); err != nil {
				fmt.Fprintln(warnings, "run:", err)
			}
		}()
		cmd.Env = append(os.Environ(), testenv.DatabaseEnv+"="+server.DSN("postgres"))
	}
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			// Ctrl-C reaches the whole group of processes: once is enough.
			if s != os.Interrupt {
				_ = cmd.Process.Signal(s)
			}
		case err := <-ended:
			return exitCode(err)
		}
	}
}

func exitCode(err error) (int, error) {
	exit, ok := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		return 0, nil
	case !ok:
		return 1, err
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return exit.ExitCode(), nil
}
