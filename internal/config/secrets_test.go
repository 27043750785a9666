package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/config"
)

func TestNoErrorShowsASecretWhereverItStands(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile("testdata/afterchat.yaml")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.Replace(string(example), "include:", "#include:", 1), "\n")
	snippets := []string{
		"s3cr3t", "'s3cr3t", "\"s3cr3t\\q\"", "[s3cr3t]", "[s3cr3t", "{s3cr3t: 1}", "{s3cr3t}", "{a: s3cr3t}", "*s3cr3t", "&s3cr3t x", "!s3cr3t x", "|\n s3cr3t",
		"s3cr3t: s3cr3t", "@s3cr3t", "`s3cr3t`", "%s3cr3t", "${s3cr3t", "${ZENDESK_TOKEN}", "'${ZENDESK_TOKEN}'", "? s3cr3t", "postgres://a:s3cr3t@b", "{{ .s3cr3t",
	}
	// Each value of the example in turn becomes each snippet.
	value := regexp.MustCompile(`: +("[^"]*"|\[[^\]]*\]|[^ ,{}\[\]]+)`)
	for i, line := range lines {
		for _, at := range value.FindAllStringIndex(line, -1) {
			for _, snippet := range snippets {
				changed := append(append([]string{}, lines[:i]...), line[:at[0]]+": "+snippet+line[at[1]:])
				text := strings.Join(append(changed, lines[i+1:]...), "\n")
				_, err := load(t, text)
				if err != nil && strings.Contains(err.Error(), secretMark) {
					t.Errorf("line %d with %s:\n%v", i+1, snippet, err)
				}
			}
		}
		// And a line of its own, at every depth.
		for _, extra := range []string{"s3cr3t", "s3cr3t: x", "name: s3cr3t", "- s3cr3t", "password s3cr3t"} {
			indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
			text := strings.Join(append(append(append([]string{}, lines[:i]...), indent+extra), lines[i:]...), "\n")
			if _, err := load(t, text); err != nil && strings.Contains(err.Error(), secretMark) {
				t.Errorf("before line %d %s:\n%v", i+1, extra, err)
			}
		}
	}
}

func TestNoErrorShowsWhatASecretsFileHolds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "short", "s3cr3t\n")
	write(t, dir, "keys", "s3cr3t\ns3cr3t\n")
	write(t, dir, "afterchat.yaml", minimal+"http: {secret_keys_file: short, admin_token_file: short}\n"+
		"organizations: {a: {name: A, api_keys_file: keys, timezone_file: short, links: {target: 'https://a.example', secret_file: short}}}\n")
	_, err := config.Load(filepath.Join(dir, "afterchat.yaml"), kinds(), options())
	want := []string{
		"secret_keys_file[0]: must have 32 bytes", "secret_file: must have 32 bytes", "api_keys_file[0]: this key is used twice",
		"api_keys_file[1]: this key is used twice", "unknown key",
	}
	for _, w := range want {
		if !strings.Contains(fmt.Sprint(err), w) {
			t.Errorf("want %q in:\n%v", w, err)
		}
	}
	if strings.Contains(fmt.Sprint(err), secretMark) {
		t.Error(err)
	}
}

func TestPrintingAConfigurationShowsNoSecret(t *testing.T) {
	t.Parallel()
	c, err := config.Load("testdata/afterchat.yaml", kinds(), options())
	if err != nil {
		t.Fatal(err)
	}
	acme := c.Organizations["acme"]
	var out bytes.Buffer
	for _, v := range []any{c, *c, acme, *acme, acme.Desks["zd"], *acme.Mail, acme.SMS, *acme.Links, c.HTTP, c.Redis, c.Database} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("text", "value", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "value", v)
		if err := json.NewEncoder(&out).Encode(v); err != nil {
			t.Error(err)
		}
	}
	hex := fmt.Sprintf("%x", secretMark)
	for line := range strings.Lines(out.String()) {
		if strings.Contains(line, secretMark) || strings.Contains(line, hex) {
			t.Error(line)
		}
	}
}
