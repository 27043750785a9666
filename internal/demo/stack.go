package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/afterchat/afterchat/internal/app"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/pgserver"
	"github.com/afterchat/afterchat/internal/standin"
)

// stack is all that runs: the stand-ins, a Redis, a PostgreSQL, and Afterchat between
// them behind one address.
type stack struct {
	vendors      *standin.Vendors
	redis        *miniredis.Miniredis
	app          *app.App
	organization *config.Organization
	url          string // of the one address, without a slash at the end

	listener net.Listener
	log      *slog.Logger
	ended    chan error // what ended Afterchat before its time
	closers  []func()
}

// terms are what differs between the two kinds of run.
type terms struct {
	port        int // to listen on if it is free; 0: any
	region      string
	contactWait time.Duration
	resumed     string // path of the page that a redeemed link leads to
}

const (
	concurrency = 16
	lease       = 30 * time.Second
	grace       = 5 * time.Second
)

// start starts everything but the HTTP server: serve does that. Close the stack.
func start(ctx context.Context, t terms, log *slog.Logger) (*stack, error) {
	s := &stack{log: log, ended: make(chan error, 1)}
	if err := s.start(ctx, t); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *stack) start(ctx context.Context, t terms) error {
	postgres, err := pgserver.Start(ctx, pgserver.Options{
		// Nothing of this outlives the demo, so nothing has to survive a crash.
		Settings: map[string]string{"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}, Log: s.log,
	})
	if err != nil {
		return err
	}
	s.onClose(func() {
		if err := postgres.Stop(); err != nil {
			s.log.WarnContext(ctx, "PostgreSQL did not stop", "error", err.Error())
		}
	})
	if err := s.startRedis(ctx); err != nil {
		return err
	}
	if s.listener, err = listen(ctx, t.port); err != nil {
		return err
	}
	s.onClose(func() { _ = s.listener.Close() })
	s.url = "http://" + s.listener.Addr().String()
	if s.vendors, err = standin.Start(ctx); err != nil {
		return err
	}
	return s.startApp(ctx, standin.Settings{
		Database: postgres.DSN("postgres"), Redis: "redis://" + s.redis.Addr() + "/0", Listen: s.listener.Addr().String(),
		Concurrency: concurrency, Lease: lease, Grace: grace,
		LinkTarget: s.url + t.resumed, Region: t.region, ContactWait: t.contactWait,
	})
}

// startRedis starts a Redis in this process. Its clock stands still unless it is moved.
func (s *stack) startRedis(ctx context.Context) error {
	s.redis = miniredis.NewMiniRedis()
	if err := s.redis.Start(); err != nil {
		return fmt.Errorf("starting the embedded Redis: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	s.onClose(func() {
		stop()
		s.redis.Close()
	})
	go func() {
		const step = 100 * time.Millisecond
		tick := time.NewTicker(step)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				s.redis.FastForward(step)
			}
		}
	}()
	return nil
}

// startApp starts Afterchat as a worker; its door is part of what serve serves. Closing
// the stack ends the worker first, then the vendors, who may be calling back.
func (s *stack) startApp(ctx context.Context, settings standin.Settings) error {
	s.onClose(s.vendors.Close)
	c, err := loadConfig(s.vendors.Config(settings))
	if err != nil {
		return err
	}
	s.organization = c.Organizations[standin.Organization]
	if s.app, err = app.New(ctx, c, app.Options{Roles: []string{app.RoleWorker}, Log: s.log}); err != nil {
		return err
	}
	s.onClose(s.app.Close)
	if _, err := s.app.Store().Migrate(ctx); err != nil {
		return fmt.Errorf("preparing the database: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.app.Run(ctx); err != nil {
			s.ended <- err
		}
	}()
	s.onClose(func() {
		stop()
		<-done
	})
	return nil
}

// loadConfig takes the configuration through a file, as Afterchat has it.
func loadConfig(text string) (*config.Config, error) {
	f, err := os.CreateTemp("", "afterchat-demo-*.yaml")
	if err != nil {
		return nil, fmt.Errorf("writing the configuration: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("writing the configuration: %w", err)
	}
	return app.LoadConfig(f.Name())
}

// listen takes the port if it is free, and any other if it is not.
func listen(ctx context.Context, port int) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil && port != 0 {
		return listen(ctx, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("listening on 127.0.0.1: %w", err)
	}
	return l, nil
}

// serve answers at the stack's address until the stack is closed.
func (s *stack) serve(h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(s.listener) }() // ends with Shutdown
	s.onClose(func() {
		// What is being answered, as a vendor's call back, still has its database.
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close()
		}
	})
}

func (s *stack) onClose(f func()) { s.closers = append(s.closers, f) }

// close ends everything in the opposite order of its start.
func (s *stack) close() {
	for _, f := range slices.Backward(s.closers) {
		f()
	}
}
