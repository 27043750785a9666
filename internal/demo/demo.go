// Package demo is the embedded trial: all of Afterchat on this machine and nothing else
// needed. It brings its own Redis, a private PostgreSQL and stand-ins for a Zendesk, a
// Twilio and a mail server, plays the chat core, and shows on a page what comes of a
// chat's end.
//
// With Once it ends a number of chats, waits for every delivery, holds each against what
// the stand-ins received, and says whether all is right. Either way nothing is left
// running, and nothing on disk.
package demo

import (
	"context"
	"io"
	"log/slog"

	"github.com/afterchat/afterchat/internal/fault"
)

// Options are what the demo is told.
type Options struct {
	Once  bool   // end chats, verify, print the tally
	Chats string // a file of chats, one snapshot a line; empty: ours
	Count int    // how many chats; 0: all of the file or the samples, onceCount with Once alone
	JSON  bool   // print the tally as JSON
	Out   io.Writer
	Err   io.Writer // progress and warnings
}

// Run runs the demo: with Once until all is verified, without until ctx is done. Errors
// are faults: of kind Invalid when a chat of the file is none, with the line's number and
// before anything is started; with Once also when anything is not right.
func Run(ctx context.Context, o Options) error {
	if o.Count < 0 {
		return fault.New(fault.Invalid, "invalid_field", "cannot be negative").At("count")
	}
	level := new(slog.LevelVar)
	level.Set(slog.LevelWarn)
	// When the demo is stopped, calls are cut off on purpose: that is no news.
	defer context.AfterFunc(ctx, func() { level.Set(silent) })()
	log := slog.New(slog.NewTextHandler(o.Err, &slog.HandlerOptions{Level: level}))
	if !o.Once {
		return watch(ctx, o, log)
	}
	err := once(ctx, o, log)
	if err != nil && ctx.Err() != nil {
		return fault.Wrap(fault.Transient, "interrupted", "stopped before all had ended", ctx.Err())
	}
	return err
}

// silent is above every level.
const silent = slog.LevelError + 1
