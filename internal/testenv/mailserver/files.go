package mailserver

import (
	"context"
	_ "embed"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/pgserver/child"
)

// The words in {braces} are replaced: the directory, ids and addresses.
var (
	//go:embed main.cf
	mainConfig string
	//go:embed master.cf
	masterConfig string
	//go:embed opendkim.conf
	dkimConfig string
	//go:embed dovecot.conf
	dovecotConfig string
	//go:embed oauth2.conf
	tokenConfig string
	//go:embed launch
	launch string
)

// Whom Postfix has a mailbox for.
const (
	domains   = "if !/[.]bounces[.]/\n/[.]example$/ ok\n/^example[.](com|net|org)$/ ok\nendif\n"
	mailboxes = "if !/^nobody/\n/@/ maildir/\nendif\n"
)

// quickStart is a file that keeps "postfix start" from going through the file system in
// search of what is wrong, which takes longer than all the rest.
const quickStart = "queue/quick-start"

// makeDir makes the directory that Postfix runs in, and chooses its ports.
func (s *Server) makeDir(ctx context.Context, tb testing.TB) {
	tb.Helper()
	// Not TMPDIR, which other accounts may not be able to reach.
	dir, err := os.MkdirTemp("/tmp", "afterchat-mail-")
	if err != nil {
		tb.Fatal(err)
	}
	s.dir = dir
	if err := os.Chmod(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	root, postfix, nobody := account(tb, "root"), account(tb, "postfix"), account(tb, "nobody")
	s.mkdir(tb, root, "conf", "conf/sasl", "queue", "queue/pid")
	s.mkdir(tb, postfix, "data")
	for _, queue := range strings.Fields("active bounce corrupt defer deferred flush hold incoming maildrop private public saved trace") {
		s.mkdir(tb, postfix, "queue/"+queue)
	}
	s.mkdir(tb, nobody, "maildir")
	authority, certificate, key := certificates(tb)
	s.CAFile = filepath.Join(dir, "ca.pem")
	replace := strings.NewReplacer(append(s.choosePorts(ctx, tb), "{here}", dir, "{policy}", s.policies.address, "{tokens}", s.tokens.server.URL,
		"{uid}", fmt.Sprint(nobody.UID), "{gid}", fmt.Sprint(nobody.GID))...)
	for name, text := range map[string]string{
		"conf/main.cf":         replace.Replace(mainConfig),
		"conf/master.cf":       replace.Replace(masterConfig),
		"conf/domains":         domains,
		"conf/transport":       s.transport(),
		"conf/mailboxes":       mailboxes,
		"opendkim.conf":        replace.Replace(dkimConfig),
		"dovecot.conf":         replace.Replace(dovecotConfig),
		"oauth2.conf":          replace.Replace(tokenConfig),
		"nobody":               "192.0.2.1\n",
		"dkim-keys":            "",
		"launch":               launch,
		"maillog":              "",
		quickStart:             "",
		"ca.pem":               authority,
		"server.pem":           certificate,
		"server.key":           key,
		"conf/sasl/plain.conf": saslConfig(dir, "PLAIN"),
		"conf/sasl/login.conf": saslConfig(dir, "LOGIN"),
		"conf/sasl/cram.conf":  saslConfig(dir, "CRAM-MD5"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
}

// choosePorts sets the server's addresses and returns them as pairs for the replacement.
func (s *Server) choosePorts(ctx context.Context, tb testing.TB) (pairs []string) {
	tb.Helper()
	for name, address := range map[string]*string{
		"{plain}": &s.Plain, "{late}": &s.Late, "{apart}": &s.Apart[0], "{aparttoo}": &s.Apart[1], "{start}": &s.StartTLS, "{implicit}": &s.Implicit, "{authplain}": &s.AuthPlain,
		"{authlogin}": &s.AuthLogin, "{authcram}": &s.AuthCRAM, "{authxoauth2}": &s.AuthXOAuth2, "{bounceslmtp}": &s.BouncesLMTP,
		"{bouncessmtp}": &s.BouncesSMTP, "{milter}": &s.milter, "{dovecot}": &s.dovecot,
	} {
		port, err := child.FreePort(ctx)
		if err != nil {
			tb.Fatal(err)
		}
		*address = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		pairs = append(pairs, name, *address)
	}
	// Not everybody writes addresses in the same way.
	_, milterPort, _ := net.SplitHostPort(s.milter)
	_, dovecotPort, _ := net.SplitHostPort(s.dovecot)
	return append(pairs, "{milterport}", milterPort, "{dovecotport}", dovecotPort)
}

func (s *Server) mkdir(tb testing.TB, owner child.Account, names ...string) {
	tb.Helper()
	for _, name := range names {
		path := filepath.Join(s.dir, name)
		if err := os.Mkdir(path, 0o755); err != nil {
			tb.Fatal(err)
		}
		own(tb, path, owner)
	}
}

// saslConfig is Cyrus SASL's for one mechanism.
func saslConfig(dir, mechanism string) string {
	return "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: " + dir + "/passwords\nmech_list: " + mechanism + "\n"
}

// transport is where mail goes on to that is not for a mailbox here.
func (s *Server) transport() string {
	host, port, _ := net.SplitHostPort(s.BouncesSMTP)
	return fmt.Sprintf("/@lmtp[.]bounces[.]/ lmtp:inet:%s\n/@smtp[.]bounces[.]/ smtp:[%s]:%s\n", s.BouncesLMTP, host, port)
}

// account returns a user that Debian, or a package of it, has made.
func account(tb testing.TB, name string) child.Account {
	tb.Helper()
	u, err := user.Lookup(name)
	if err != nil {
		tb.Fatal(err)
	}
	uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
	if uidErr != nil || gidErr != nil {
		tb.Fatalf("%s has the ids %q and %q", name, u.Uid, u.Gid)
	}
	return child.Account{UID: uint32(uid), GID: uint32(gid)}
}

func own(tb testing.TB, path string, a child.Account) {
	tb.Helper()
	if err := os.Chown(path, int(a.UID), int(a.GID)); err != nil {
		tb.Fatal(err)
	}
}
