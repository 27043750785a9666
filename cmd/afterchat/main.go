// Command afterchat does what has to happen around a live support chat: it files the
// ticket, attaches the notes, mails the transcript and sends the resume link. This
// package is flags and signals; the work is in internal/app.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // organizations name time zones, and small images have none

	"github.com/alecthomas/kong"

	"github.com/afterchat/afterchat/internal/app"
)

type cli struct {
	Demo         demoCommand         `cmd:"" help:"The whole pipeline on this machine, nothing else needed."`
	Serve        serveCommand        `cmd:"" help:"Run the HTTP door, the dispatcher and the workers."`
	Migrate      migrateCommand      `cmd:"" help:"Bring the database up to date."`
	Check        checkCommand        `cmd:"" help:"Validate a configuration; with --probe sign in to every account, read-only."`
	Plan         planCommand         `cmd:"" help:"Show what a chat's end would deliver where, and why. Calls nobody."`
	Preview      previewCommand      `cmd:"" help:"Write a chat's transcript as it would be sent."`
	SendTest     sendTestCommand     `cmd:"" help:"Mail a transcript, marked as a test, through the organization's mail account."`
	Templates    templatesCommand    `cmd:"" help:"List the built-in templates that an organization may replace, or export them."`
	Deliveries   deliveriesCommand   `cmd:"" help:"The ledger: list, show, retry, cancel, resolve."`
	Suppressions suppressionsCommand `cmd:"" help:"Addresses and numbers that are not written to: list, add, remove."`
	Rejects      rejectsCommand      `cmd:"" help:"List a chat core's tasks that could not be taken."`
	Schema       schemaCommand       `cmd:"" help:"Print the JSON Schema of the configuration or of a snapshot."`
	Openapi      openapiCommand      `cmd:"" help:"Print the OpenAPI 3.1 description of the HTTP door."`
	Version      kong.VersionFlag    `help:"Print the version."`
}

// streams are what a command reads from and writes to.
type streams struct {
	out, err io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}

// errQuiet ends a command with exit code 1 after it has said what is wrong itself.
var errQuiet = errors.New("failed")

func run(ctx context.Context, args []string, s streams) (code int) {
	var c cli
	parser, err := kong.New(&c,
		kong.Name("afterchat"),
		kong.Description("Files the ticket, attaches the notes, mails the transcript and sends the resume link after a live chat.\n\n"+
			"Exits with 0 if all went well, 1 if it failed, and 2 if the command line is wrong."),
		kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Writers(s.out, s.err), kong.Exit(func(code int) { panic(exit(code)) }),
		kong.Vars{"version": version()},
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(s))
	if err != nil {
		fmt.Fprintln(s.err, "afterchat:", err)
		return exitUsage
	}
	// kong wants to exit after --help; here that ends the call instead.
	defer func() {
		switch p := recover().(type) {
		case nil:
		case exit:
			if code = int(p); code != 0 { // kong has a code of its own for a wrong command line
				code = exitUsage
			}
		default:
			panic(p)
		}
	}()
	command, err := parser.Parse(args)
	parser.FatalIfErrorf(err)
	if err := command.Run(); err != nil {
		if !errors.Is(err, errQuiet) {
			fmt.Fprintln(s.err, "afterchat:", err)
		}
		return 1
	}
	return 0
}

// exitUsage says that the command line is wrong.
const exitUsage = 2

// exit is a code that kong wants to exit with.
type exit int

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return "afterchat " + info.Main.Version
	}
	return "afterchat"
}

// logger writes JSON lines, or plain ones where a person reads along.
func logger(w io.Writer, format string) *slog.Logger {
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, nil))
	}
	return slog.New(slog.NewTextHandler(w, nil))
}

// configFlag is the flag that most commands have.
type configFlag struct {
	Config string `required:"" type:"existingfile" placeholder:"FILE" help:"The configuration, as afterchat.yaml."`
}

type migrateCommand struct{ configFlag }

// Run brings the database up to date.
func (c migrateCommand) Run(ctx context.Context, s streams) error {
	version, err := app.Migrate(ctx, c.Config)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "The database has version %d.\n", version)
	return nil
}

type serveCommand struct {
	configFlag
	Roles   []string `enum:"worker,api" default:"worker,api" help:"What this process does: worker, api or both."`
	Migrate bool     `help:"Bring the database up to date first."`
	Log     string   `enum:"text,json" default:"text" help:"How to log: text or json."`
}

// Run serves until a signal comes.
func (c serveCommand) Run(ctx context.Context, s streams) error {
	app.TuneMemory()
	return app.Serve(ctx, c.Config, c.Migrate, app.Options{Roles: c.Roles, Log: logger(s.err, c.Log)})
}
