package demo

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/afterchat/afterchat/internal/standin"
)

const (
	// pagePort is where the page is if it is free: where mail catchers are, too.
	pagePort = 8025
	// pause is how long a viewer has between one thing and the next.
	pause = 1500 * time.Millisecond
)

// watch shows sample chats ending on a page until ctx is done.
func watch(ctx context.Context, o Options, log *slog.Logger) error {
	tales, region, err := tell(o)
	if err != nil {
		return err
	}
	fmt.Fprintln(o.Out, "Starting PostgreSQL, Redis, a Zendesk, a Twilio, a mail server and Afterchat …")
	s, err := start(ctx, terms{port: pagePort, region: region, resumed: resumedPath}, log)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	defer s.close()
	p := newPage(newStage(s, tales, o.Chats == ""))
	s.serve(p)
	fmt.Fprintf(o.Out, `
  Watch here    %[1]s/
  The queue     %[1]s/monitor/
  The API       %[1]s/docs   (Authorization: Bearer %[2]s)

Ctrl-C ends it and leaves nothing behind.
`, s.url, standin.APIKey)
	played := make(chan struct{})
	go func() {
		defer close(played)
		p.stage.play(ctx, cmp.Or(o.Count, len(tales)))
	}()
	defer func() { <-played }()
	select {
	case <-ctx.Done():
		fmt.Fprintln(o.Out, "\nStopping …")
		return nil
	case err := <-s.ended:
		return fmt.Errorf("the worker ended: %w", err)
	}
}

// tell returns the chats to show, the file's or our own, and the region that they are of.
func tell(o Options) (tales []story, region string, err error) {
	if o.Chats == "" {
		tales, err = readStories()
		return tales, "", err
	}
	samples, err := readFile(o.Chats, 0)
	if err != nil {
		return nil, "", err
	}
	for _, c := range samples {
		tales = append(tales, story{Snapshot: c.snapshot})
	}
	return tales, regionOf(samples), nil
}
