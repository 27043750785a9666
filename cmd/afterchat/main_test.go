package main

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/afterchat/afterchat/connectors/smtp/smtptest"
	"github.com/afterchat/afterchat/internal/testenv"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"afterchat": func() { os.Exit(run(context.Background(), os.Args[1:], streams{os.Stdout, os.Stderr})) },
	})
}

// TestCommands runs what needs neither PostgreSQL nor Redis, as a user would. Each script
// has mail servers of its own: $MAIL in the clear, $MAIL_AUTH with a password and
// $MAIL_TLS with a certificate that nobody knows.
func TestCommands(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			for name, o := range map[string]smtptest.Options{
				"MAIL":      {Refusals: smtptest.Refusals()},
				"MAIL_AUTH": {Username: "acme", Password: "right"},
				"MAIL_TLS":  {StartTLS: true},
			} {
				server, err := smtptest.New(o)
				if err != nil {
					return err
				}
				env.Defer(func() { server.Close() })
				env.Setenv(name, server.Addr())
				env.Values[name] = server
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"mails": mails},
	})
}

// mails writes each mail that $MAIL has taken to mail0.txt, mail0.html, mail1.txt …: its
// envelope and header, each form, and the files that came with it.
func mails(ts *testscript.TestScript, _ bool, _ []string) {
	for i, m := range ts.Value("MAIL").(*smtptest.Server).Messages() {
		content, err := m.Read()
		ts.Check(err)
		text := fmt.Sprintf("to <%s>\n%s\nSubject: %s\n\n%s", m.To, m.MessageID, m.Subject, content.Text)
		ts.Check(os.WriteFile(ts.MkAbs(fmt.Sprintf("mail%d.txt", i)), []byte(text), 0o600))
		ts.Check(os.WriteFile(ts.MkAbs(fmt.Sprintf("mail%d.html", i)), []byte(content.HTML), 0o600))
		for _, f := range content.Files {
			ts.Check(os.WriteFile(ts.MkAbs(fmt.Sprintf("mail%d-%s", i, f.Name)), f.Content, 0o600))
		}
	}
}

// TestCommandsOnADatabase runs what needs PostgreSQL.
func TestCommandsOnADatabase(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/database",
		Setup: func(e *testscript.Env) error {
			e.Setenv("DATABASE_URL", testenv.Postgres(t))
			return nil
		},
	})
}
