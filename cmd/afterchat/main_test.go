package main

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"afterchat": func() { os.Exit(run(context.Background(), os.Args[1:], streams{os.Stdout, os.Stderr})) },
	})
}

// TestCommands runs what needs neither PostgreSQL nor Redis, as a user would.
func TestCommands(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{Dir: "testdata/script"})
}
