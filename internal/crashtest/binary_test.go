//go:build linux

package crashtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	code := m.Run()
	_ = os.RemoveAll(binaryDir())
	os.Exit(code)
}

func binaryDir() string {
	return filepath.Join(os.TempDir(), "afterchat-crashtest-"+strconv.Itoa(os.Getpid()))
}

// build builds the real binary, once for all tests.
var build = sync.OnceValues(func() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	path := filepath.Join(binaryDir(), "afterchat")
	output, err := exec.CommandContext(ctx, "go", "build", "-o", path, "github.com/afterchat/afterchat/cmd/afterchat").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building the binary: %w\n%s", err, output)
	}
	return path, nil
})

func binary(t *testing.T) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
