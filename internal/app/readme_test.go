package app_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/app"
)

// The README has one whole configuration and parts of an organization's, which are
// indented as they stand in one. All of them load.
func TestTheReadmesConfigurationsLoad(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DATABASE_URL", "postgres://localhost/afterchat")
	t.Setenv("REDIS_URL", "redis://localhost:6379")
	files := strings.NewReplacer("/etc/afterchat/s1.pem", keyFile(t), "/run/secrets/smtp", secretFile(t))
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	if len(blocks) < 3 {
		t.Fatalf("README.md has %d configurations", len(blocks))
	}
	for _, block := range blocks {
		config := files.Replace(block[1])
		if strings.HasPrefix(config, "    ") {
			config = "database: ${DATABASE_URL}\nredis: ${REDIS_URL}\nhttp: {secret_keys: ['${AFTERCHAT_SECRET_KEY}']}\norganizations:\n  acme:\n    name: Acme\n" + config
		}
		for _, name := range regexp.MustCompile(`\$\{([A-Z_]+)\}`).FindAllStringSubmatch(config, -1) {
			if os.Getenv(name[1]) == "" {
				t.Setenv(name[1], strings.ReplaceAll(name[1], "_", "")+strings.Repeat("x", 32))
			}
		}
		path := filepath.Join(t.TempDir(), "afterchat.yaml")
		if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := app.LoadConfig(path); err != nil {
			t.Errorf("%v in\n%s", err, config)
		}
	}
}

func keyFile(t *testing.T) string {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "s1.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func secretFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "smtp")
	if err := os.WriteFile(path, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
