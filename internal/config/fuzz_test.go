package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/config"
)

// FuzzLoad: whatever stands in the file, Load neither panics nor shows what the
// environment holds, and each problem names the file.
func FuzzLoad(f *testing.F) {
	example, err := os.ReadFile("testdata/afterchat.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(example))
	f.Add(organization)
	f.Add("a: &a [*a]\nb: {<<: *a}\n? k\n: v\n--- !!x |\n s\n")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(dir, "afterchat.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		// Nothing of the fuzzer's invention is read but the file itself.
		if strings.Contains(text, "include") || strings.Contains(text, "_file") {
			t.Skip()
		}
		env := func(string) (string, bool) { return "s3cr3t-of-the-environment-\x00-{[", true }
		_, err := config.Load(path, kinds(), config.Options{Env: env})
		if err == nil {
			return
		}
		problems, ok := errors.AsType[config.Problems](err)
		if !ok {
			t.Fatalf("%T: %v", err, err)
		}
		for _, p := range problems {
			if p.File != path || p.Line < 1 || p.Column < 1 || p.Message == "" {
				t.Errorf("%#v", p)
			}
		}
		if strings.Contains(err.Error(), "s3cr3t-of") {
			t.Error(err)
		}
	})
}
