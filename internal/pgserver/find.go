package pgserver

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/afterchat/afterchat/internal/pgserver/child"
)

// oldest is the oldest major version of PostgreSQL that Afterchat works with.
const oldest = 14

// find returns the folder with the newest installed PostgreSQL server that the account
// can run, or "" when there is none.
func find(ctx context.Context, as *child.Account) (string, error) {
	var best string
	var bestVersion version
	seen := map[string]bool{}
	for _, dir := range candidates(ctx) {
		// Distributions put links to one version into /usr/bin; a server finds its
		// other files from where it really is.
		actual, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"))
		if err != nil || seen[filepath.Dir(actual)] {
			continue
		}
		dir = filepath.Dir(actual)
		seen[dir] = true
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
			continue
		}
		if v := versionOf(ctx, dir, as); v.major >= oldest && v.newerThan(bestVersion) {
			best, bestVersion = dir, v
		}
	}
	return best, ctx.Err()
}

// candidates lists the folders where distributions put the server.
func candidates(ctx context.Context) []string {
	dirs := filepath.SplitList(os.Getenv("PATH"))
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",                          // Debian, Ubuntu
		"/usr/lib/postgresql*/bin",                           // Gentoo, SUSE
		"/usr/libexec/postgresql*",                           // Alpine
		"/usr/pgsql-*/bin",                                   // PostgreSQL's own RPMs
		"/opt/homebrew/opt/postgresql*/bin",                  // Homebrew on Apple silicon
		"/usr/local/opt/postgresql*/bin",                     // Homebrew on Intel
		"/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
		"/Library/PostgreSQL/*/bin", "/usr/local/pgsql/bin",  // EDB's installer; built from source
	} {
		found, _ := filepath.Glob(pattern) // the patterns are well formed
		dirs = append(dirs, found...)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	return dirs
}

type version struct{ major, minor int }

func (v version) newerThan(w version) bool {
	return cmp.Or(cmp.Compare(v.major, w.major), cmp.Compare(v.minor, w.minor)) > 0
}

var versionText = regexp.MustCompile(`\(PostgreSQL\) (\d+)(?:\.(\d+))?`)

// versionOf asks the server in dir for its version, as the account that will run it:
// the zero version when that account cannot.
func versionOf(ctx context.Context, dir string, as *child.Account) version {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version")
	cmd.Dir = "/"
	cmd.Env = child.PlainEnv()
	cmd.SysProcAttr = child.Attributes(as)
	out, err := cmd.Output()
	if err != nil {
		return version{}
	}
	return parseVersion(string(out))
}

func parseVersion(text string) version {
	m := versionText.FindStringSubmatch(text)
	if m == nil {
		return version{}
	}
	major, _ := strconv.Atoi(m[1]) // digits, or empty and then 0
	minor, _ := strconv.Atoi(m[2])
	return version{major, minor}
}
