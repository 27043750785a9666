package app

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/afterchat/afterchat/internal/bounce"
	"github.com/afterchat/afterchat/internal/fault"
)

// bounceDoor is one mail server that takes bounces; organizations may share it.
type bounceDoor struct {
	*bounce.Door
	broken atomic.Bool // its listener failed
}

// newBounceDoors returns the doors of a configuration by the address that they listen at.
func (a *App) newBounceDoors(taker *bounce.Taker) map[string]*bounceDoor {
	name := "localhost"
	if u, err := url.Parse(a.config.HTTP.PublicURL); err == nil && u.Hostname() != "" {
		name = u.Hostname()
	}
	doors := map[string]*bounceDoor{}
	for _, id := range slices.Sorted(maps.Keys(a.config.Organizations)) {
		o := a.config.Organizations[id]
		if o.Mail == nil || o.Mail.Bounces == nil || o.Mail.Bounces.Listen == "" {
			continue
		}
		address := o.Mail.Bounces.Listen
		if doors[address] == nil {
			doors[address] = &bounceDoor{Door: &bounce.Door{
				Protocol: o.Mail.Bounces.Protocol, Name: name, Taker: taker, Ready: a.taking.Load, Log: a.log,
			}}
		}
		doors[address].Organizations = append(doors[address].Organizations, o)
	}
	return doors
}

// openBounceDoors opens them all, and returns what closes them gracefully.
func (a *App) openBounceDoors(ctx context.Context) (func(), error) {
	var opened []*bounceDoor
	closeAll := func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Duration(a.config.Workers.ShutdownTimeout))
		defer cancel()
		for _, d := range opened {
			d.Close(ctx)
		}
	}
	for _, address := range slices.Sorted(maps.Keys(a.doors)) {
		var lc net.ListenConfig
		l, err := lc.Listen(ctx, "tcp", address)
		if err != nil {
			closeAll()
			return nil, fmt.Errorf("listening for bounces at %s: %w", address, err)
		}
		d := a.doors[address]
		opened = append(opened, d)
		a.log.InfoContext(ctx, "listening for bounces", "address", l.Addr().String(), "protocol", d.Protocol, "organizations", len(d.Organizations))
		go func() {
			if err := d.Serve(ctx, l); err != nil {
				d.broken.Store(true)
				a.log.ErrorContext(ctx, "a bounce door closed", "address", address, "error", err.Error())
			}
		}()
	}
	return closeAll, nil
}

// bounceDoorsReady is what readyz says of them.
func (a *App) bounceDoorsReady() error {
	for _, d := range a.doors {
		if d.broken.Load() {
			return fault.New(fault.Transient, "door_closed", "a bounce door does not listen any more")
		}
	}
	return nil
}
