// Package demo is the embedded trial: the whole pipeline on this machine.
package demo

import (
	"context"
	"io"
)

// Options are what the demo is told.
type Options struct {
	Once     bool
	Chats    string
	Count    int
	JSON     bool
	Out, Err io.Writer
}

// Run runs the demo.
func Run(context.Context, Options) error { return nil }
