package rtserver

import (
	_ "embed"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/pgserver/child"
)

// The words in {braces} are replaced by perlQuoted strings.
var (
	//go:embed site.pm
	siteConfig string
	//go:embed initialdata
	initialData string
	//go:embed sendmail
	sendmail string
)

// makeDir makes the directory that RT runs in and returns the file for what it prints.
func (s *Server) makeDir(tb testing.TB, port int, as *child.Account) *os.File {
	tb.Helper()
	// Not TMPDIR, which another account may not be able to reach.
	dir, err := os.MkdirTemp("/tmp", "afterchat-rt-")
	if err != nil {
		tb.Fatal(err)
	}
	s.dir = dir
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	dsn, err := url.Parse(s.dsn)
	if err != nil {
		tb.Fatal(err)
	}
	password, _ := dsn.User.Password()
	replace := strings.NewReplacer(
		"{dir}", perlQuoted(dir), "{port}", perlQuoted(strconv.Itoa(port)), "{base}", perlQuoted(s.BaseURL),
		"{dbport}", perlQuoted(dsn.Port()), "{dbname}", perlQuoted(database),
		"{dbuser}", perlQuoted(dsn.User.Username()), "{dbpassword}", perlQuoted(password),
		"{user}", perlQuoted(s.User), "{password}", perlQuoted(s.Password),
		"{queue}", perlQuoted(s.Queue), "{other}", perlQuoted(s.OtherQueue), "{bare}", perlQuoted(s.BareQueue),
		"{key}", perlQuoted(s.KeyField), "{tags}", perlQuoted(s.TagsField),
	)
	for name, text := range map[string]string{
		"site.pm":       replace.Replace(siteConfig),
		"initialdata":   replace.Replace(initialData),
		"root-password": s.AdminPassword + "\n",
		"sendmail":      sendmail,
		"log":           "",
	} {
		mode := os.FileMode(0o600)
		if name == "sendmail" {
			mode = 0o700
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			tb.Fatal(err)
		}
	}
	for _, name := range []string{"none", "mason", "sessions", "mails"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			tb.Fatal(err)
		}
	}
	if as != nil {
		if err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Chown(path, int(as.UID), int(as.GID))
		}); err != nil {
			tb.Fatal(err)
		}
	}
	log, err := os.OpenFile(filepath.Join(dir, "log"), os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = log.Close() })
	return log
}

// perlQuoted returns s as a string of Perl in which nothing is interpolated.
func perlQuoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}
