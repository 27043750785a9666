package app_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/app"
)

func TestTheReadmesConfigurationLoads(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(readme), "```yaml\n")
	config, _, ended := strings.Cut(rest, "```")
	if !ok || !ended {
		t.Fatal("README.md has no configuration")
	}
	for _, name := range regexp.MustCompile(`\$\{([A-Z_]+)\}`).FindAllStringSubmatch(config, -1) {
		t.Setenv(name[1], strings.ReplaceAll(name[1], "_", "")+strings.Repeat("x", 32))
	}
	t.Setenv("DATABASE_URL", "postgres://localhost/afterchat")
	t.Setenv("REDIS_URL", "redis://localhost:6379")
	path := filepath.Join(t.TempDir(), "afterchat.yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := app.LoadConfig(path); err != nil {
		t.Error(err)
	}
}
