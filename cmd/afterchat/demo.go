package main

import (
	"context"
	"errors"

	"github.com/afterchat/afterchat/internal/demo"
)

type demoCommand struct {
	Once  bool   `help:"End chats, half by HTTP and half over asynq, verify every delivery against what the stand-ins received, print the tally; exit with 1 unless all is right."`
	Chats string `type:"existingfile" placeholder:"FILE" help:"Real chats, one snapshot a line, instead of our own. The region that most of their locales name is how their phone numbers are read."`
	Count *int   `placeholder:"N" help:"How many chats: the first N; from the start again, under new ids, where there are fewer. Without it all of FILE, or of the samples; 50 with --once alone."`
	JSON  bool   `name:"json" help:"With --once: print the tally as JSON."`
}

// Validate refuses a count of chats that are none.
func (c demoCommand) Validate() error {
	if c.Count != nil && *c.Count < 1 {
		return errors.New("--count: has to be 1 or more")
	}
	return nil
}

// Run runs the demo.
func (c demoCommand) Run(ctx context.Context, s streams) error {
	count := 0 // all
	if c.Count != nil {
		count = *c.Count
	}
	return demo.Run(ctx, demo.Options{Once: c.Once, Chats: c.Chats, Count: count, JSON: c.JSON, Out: s.out, Err: s.err})
}
