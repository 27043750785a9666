package main

import (
	"context"

	"github.com/afterchat/afterchat/internal/demo"
)

type demoCommand struct {
	Once  bool   `help:"Run once, verify every delivery against what the stand-ins received, print the tally."`
	Chats string `type:"existingfile" placeholder:"FILE" help:"Real chats, one snapshot a line, instead of the samples."`
	Count int    `default:"0" help:"How many chats; 0: as many as there are, or a few."`
	JSON  bool   `name:"json" help:"Print the tally as JSON."`
}

// Run runs the demo.
func (c demoCommand) Run(ctx context.Context, s streams) error {
	return demo.Run(ctx, demo.Options{Once: c.Once, Chats: c.Chats, Count: c.Count, JSON: c.JSON, Out: s.out, Err: s.err})
}
