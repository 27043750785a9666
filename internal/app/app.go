// Package app is the composition root: the only place that turns a configuration into
// connectors, and wires store, dispatcher, workers and HTTP door together. The commands
// of package cmd/afterchat call it and nothing else.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/trace"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/all"
	"github.com/afterchat/afterchat/connectors/twilio"
	"github.com/afterchat/afterchat/internal/bounce"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/chromium"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/dispatch"
	"github.com/afterchat/afterchat/internal/fetch"
	"github.com/afterchat/afterchat/internal/httpapi"
	"github.com/afterchat/afterchat/internal/intake"
	"github.com/afterchat/afterchat/internal/limiter"
	"github.com/afterchat/afterchat/internal/pdf"
	"github.com/afterchat/afterchat/internal/plan"
	"github.com/afterchat/afterchat/internal/portrait"
	"github.com/afterchat/afterchat/internal/signing"
	"github.com/afterchat/afterchat/internal/store"
	"github.com/afterchat/afterchat/workers"
	"github.com/afterchat/afterchat/workers/tasks"
)

// Roles that a process can have.
const (
	RoleWorker = "worker"
	RoleAPI    = "api"
)

// Options are what a process is told beside its configuration.
type Options struct {
	Roles []string // empty: all
	Log   *slog.Logger
	// Fetch is for tests, whose file servers are on loopback.
	Fetch fetch.Options
	// Traces takes the spans; nil if there are to be none.
	Traces trace.TracerProvider
}

// App is one process of Afterchat.
type App struct {
	config     *config.Config
	roles      []string
	log        *slog.Logger
	tracer     trace.Tracer // nil: there are no traces
	store      *store.Store
	redis      redis.UniversalClient
	queue      *queue
	accounts   accounts
	fetcher    *fetch.Fetcher
	worker     *workers.Worker
	dispatcher *dispatch.Dispatcher
	handler    http.Handler
	doors      map[string]*bounceDoor
	taking     atomic.Bool // the database is there and fits
	running    atomic.Bool // so is Redis, and the workers work
}

// LoadConfig reads a configuration file, with every connector that is built in.
func LoadConfig(path string) (*config.Config, error) {
	return config.Load(path, all.Kinds(), config.Options{})
}

// OpenStore connects to a configuration's database.
func OpenStore(ctx context.Context, c *config.Config) (*store.Store, error) {
	return store.Open(ctx, c.Database.Reveal(), terms(c))
}

// openCurrent does so, and refuses a database that is older or newer than this program.
func openCurrent(ctx context.Context, c *config.Config) (*store.Store, error) {
	s, err := OpenStore(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := s.CheckVersion(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func terms(c *config.Config) chat.Terms {
	return chat.Terms{
		Lease: time.Duration(c.Workers.Lease), Grace: time.Duration(c.Workers.Grace), MaxAge: time.Duration(c.Workers.MaxAge),
	}
}

// New wires a process together. It connects to nobody yet. Close it.
func New(ctx context.Context, c *config.Config, o Options) (*App, error) {
	s, err := OpenStore(ctx, c)
	if err != nil {
		return nil, err
	}
	a := &App{config: c, roles: o.Roles, log: o.Log, store: s, fetcher: fetch.New(o.Fetch)}
	if o.Traces != nil {
		a.tracer = o.Traces.Tracer("github.com/afterchat/afterchat")
	}
	if err := a.wire(); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

func (a *App) wire() error {
	c := a.config
	var err error
	if a.redis, err = newRedis(c.Redis); err != nil {
		return err
	}
	a.queue = newQueue(a.redis)
	m := newMetrics(a.store)
	limits := limiter.New(a.redis)
	if a.accounts, err = newAccounts(c, limits, m.observe); err != nil {
		return err
	}
	a.store.ShowRests(a.accounts.rests(limits))
	renderer, err := newRenderer(c, m.fellBack(a.log))
	if err != nil {
		return err
	}
	keys, err := newKeys(c)
	if err != nil {
		return err
	}
	rests := dispatch.NewRests()
	a.dispatcher = dispatch.New(a.store, a.queue, rests, dispatch.Settings{
		Outstanding: 8 * c.Workers.Concurrency,
		Sweep:       sweep,
		Again:       time.Duration(c.Workers.Lease+c.Workers.Grace) + slack,
	}, a.log)
	in := &intake.Intake{
		Store: a.store, Keys: keys, PublicURL: c.HTTP.PublicURL, Number: number, Wake: a.dispatcher.Wake, Opened: a.fetchTickets,
	}
	a.worker = &workers.Worker{
		Letters: workers.Letters{
			Renderer: renderer, Printer: pdf.New(renderer, chromium.Find(), m.observePDF), Fetcher: a.fetcher, Portraits: portrait.New(a.fetcher),
		},
		Store: a.store, Accounts: a.accounts, Resting: rests, Organizations: c.Organizations, Intake: in, Keys: keys,
		PublicURL: c.HTTP.PublicURL, Log: a.log, Tracer: a.tracer, Wake: a.dispatcher.Wake, PutBack: a.putBack, UnknownFor: unknownFor,
	}
	taker := &bounce.Taker{Store: a.store, Keys: keys, Observe: m.bounced, Log: a.log}
	a.doors = a.newBounceDoors(taker)
	a.handler, err = httpapi.New(httpapi.Deps{
		Store: a.store, Bounces: taker, Intake: in, Organizations: c.Organizations, Keys: keys, Renderer: renderer,
		PublicURL: c.HTTP.PublicURL, AdminToken: c.HTTP.AdminToken, Accounts: a.accounts, Historians: a.historians,
		Flags: plan.Flags, VerifyTwilio: verifyTwilio, Number: number, Newer: twilio.Newer, Refresh: a.fetchTickets,
		Ready: a.ready, Monitor: newMonitor(a.redis, a.queue.inspector), Metrics: promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}), Log: a.log,
		Tracer: a.tracer,
	})
	return err
}

const (
	// sweep is how often everything due is looked for, even if nothing woke us.
	sweep = 500 * time.Millisecond
	// slack is how long a wake-up may wait in Redis until it is claimed. A sweep that came
	// before that claim's lease and grace are over would put the takeover off once more.
	slack = time.Second
	// unknownFor is how long a task for an unknown organization waits for its
	// configuration.
	unknownFor = time.Hour
)

func newKeys(c *config.Config) (*signing.Keys, error) {
	if len(c.HTTP.SecretKeys) == 0 {
		return nil, nil
	}
	return signing.New(c.HTTP.SecretKeys)
}

// Close lets go of every connection.
func (a *App) Close() {
	a.store.Close()
	a.fetcher.Close()
	if a.redis != nil {
		_ = a.redis.Close()
	}
}

// Handler is the HTTP door.
func (a *App) Handler() http.Handler { return a.handler }

// Account returns an organization's account, nil if there is none.
func (a *App) Account(organization, target string) *connectors.Account {
	return a.accounts.Account(organization, target)
}

// Store is the process's store.
func (a *App) Store() *store.Store { return a.store }

// Run serves until ctx is done, then finishes what is in flight. Redis or PostgreSQL may
// be away, at the start or later: the process says so and waits for them, with its door
// open for whoever asks how it is.
func (a *App) Run(ctx context.Context) error { return a.run(ctx, false) }

func (a *App) run(ctx context.Context, migrate bool) error {
	stop, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer stop()
	if err := a.prepare(ctx, migrate); err != nil || ctx.Err() != nil {
		return err
	}
	if !a.has(RoleWorker) {
		a.running.Store(true)
		<-ctx.Done()
		return nil
	}
	return a.work(ctx)
}

// prepare waits for what the process needs. With PostgreSQL there and at the right
// version the door takes everything in; Redis is only needed to go on with it.
func (a *App) prepare(ctx context.Context, migrate bool) error {
	if err := a.await(ctx, a.store.Ping); err != nil || ctx.Err() != nil {
		return err
	}
	if migrate {
		version, err := a.store.Migrate(ctx)
		if err != nil {
			return fmt.Errorf("bringing the database up to date: %w", err)
		}
		a.log.InfoContext(ctx, "the database is up to date", "version", version)
	}
	if err := a.await(ctx, a.store.CheckVersion); err != nil || ctx.Err() != nil {
		return err
	}
	a.taking.Store(true)
	return a.await(ctx, func(ctx context.Context) error { return checkRedis(ctx, a.redis) })
}

func (a *App) has(role string) bool { return len(a.roles) == 0 || slices.Contains(a.roles, role) }

// open opens the doors, HTTP's and those for bounces, or, for a process without them, what
// it answers about itself. It returns what closes them gracefully.
func (a *App) open(ctx context.Context) (func(), error) {
	switch {
	case a.has(RoleAPI):
		closeBounces, err := a.openBounceDoors(ctx)
		if err != nil {
			return nil, err
		}
		closeHTTP, err := a.listen(ctx, a.config.HTTP.Listen, httpapi.Starting(a.taking.Load, a.handler))
		if err != nil {
			closeBounces()
			return nil, err
		}
		return func() { closeBounces(); closeHTTP() }, nil
	case a.config.Workers.Listen != "":
		return a.listen(ctx, a.config.Workers.Listen, httpapi.AboutItself(a.handler))
	}
	return func() {}, nil
}

func (a *App) listen(ctx context.Context, address string, handler http.Handler) (func(), error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening at %s: %w", address, err)
	}
	server := httpapi.Server(address, handler)
	a.log.InfoContext(ctx, "listening", "address", l.Addr().String())
	go func() {
		if err := server.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
			a.log.ErrorContext(ctx, "the HTTP door closed", "error", err.Error())
		}
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Duration(a.config.Workers.ShutdownTimeout))
		defer cancel()
		_ = server.Shutdown(ctx)
	}, nil
}

// work runs the dispatcher and the workers until ctx is done.
func (a *App) work(ctx context.Context) error {
	server := asynq.NewServerFromRedisClient(a.redis, asynq.Config{
		Concurrency:              a.config.Workers.Concurrency,
		Queues:                   map[string]int{tasks.QueueDeliveries: 8, tasks.QueueIntake: 2, tasks.QueueBackground: 1},
		TaskCheckInterval:        20 * time.Millisecond,
		DelayedTaskCheckInterval: time.Second,
		ShutdownTimeout:          time.Duration(a.config.Workers.ShutdownTimeout),
		RetryDelayFunc:           workers.RetryDelay,
		IsFailure:                workers.IsFailure,
		Logger:                   quiet{newRemarks(a.log, "asynq")},
		LogLevel:                 asynq.WarnLevel,
	})
	if err := server.Start(a.worker.Handler()); err != nil {
		return fmt.Errorf("starting the workers: %w", err)
	}
	a.running.Store(true)
	a.log.InfoContext(ctx, "working", "concurrency", a.config.Workers.Concurrency)
	dispatching, stop := context.WithCancel(ctx)
	defer stop()
	go a.prune(dispatching)
	go a.rescue(dispatching)
	go a.wakeConfigured(dispatching)
	a.dispatcher.Run(dispatching)
	server.Shutdown()
	return nil
}

// prune drops what has outlived its use, once an hour.
func (a *App) prune(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Hour):
			if err := a.store.Prune(ctx); err != nil {
				a.log.WarnContext(ctx, "pruning failed", "error", err.Error())
			}
		}
	}
}

// historians are the desks of an organization that can list tickets.
func (a *App) historians(o *config.Organization) []string {
	var out []string
	for desk := range o.Desks {
		if account := a.accounts.Account(o.ID, desk); account != nil && account.ListsTickets() {
			out = append(out, desk)
		}
	}
	slices.Sort(out)
	return out
}
