// Command bench prints the figures that the README quotes: in one run, on the same
// Redis and PostgreSQL, how many no-op tasks a second asynq works off by itself, how
// many outside effects a second Afterchat makes with its whole ledger, their ratio, and
// how much memory a process needs while deliveries wait. The stand-ins answer at once;
// they and the feeder share the machine with what is measured.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"time"

	"github.com/afterchat/afterchat/internal/app"
	"github.com/afterchat/afterchat/internal/pgserver"
	"github.com/afterchat/afterchat/internal/testenv"
)

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 3, "how often both are measured in turn")
	flag.IntVar(&o.noops, "noops", 20_000, "no-op tasks in a round")
	flag.IntVar(&o.chats, "chats", 1500, "chats in a round, four effects each")
	flag.IntVar(&o.waiting, "waiting", 100_000, "deliveries that wait while memory is measured; 0: do not")
	flag.IntVar(&o.concurrency, "concurrency", 128, "workers, asynq's and ours")
	flag.StringVar(&o.profile, "cpuprofile", "", "write a CPU profile of our rounds to this file")
	flag.Parse()
	app.TuneMemory()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	rounds, noops, chats, waiting, concurrency int
	profile                                    string
}

func run(ctx context.Context, o options) error {
	pg, err := pgserver.Start(ctx, pgserver.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = pg.Stop() }()
	redis, process, err := testenv.StartRedis(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = process.Stop(context.WithoutCancel(ctx)) }()

	fmt.Printf("%d CPUs, %s, %d workers, %d rounds\n\n", runtime.NumCPU(), runtime.Version(), o.concurrency, o.rounds)
	fmt.Println("round   asynq no-op tasks/s   outside effects/s   ratio   commits per chat")
	var raws, effects, ratios []float64
	for i := range o.rounds {
		raw, err := noops(ctx, redis, o)
		if err != nil {
			return err
		}
		m, err := chats(ctx, pg.DSN("postgres"), redis, o, i)
		if err != nil {
			return err
		}
		raws, effects, ratios = append(raws, raw), append(effects, m.perSecond), append(ratios, m.perSecond/raw)
		fmt.Printf("%5d   %19.0f   %17.0f   %5.2f   %16.2f\n", i+1, raw, m.perSecond, m.perSecond/raw, m.commitsPerChat)
	}
	fmt.Printf("median  %19.0f   %17.0f   %5.2f\n", median(raws), median(effects), median(ratios))
	if o.waiting == 0 {
		return nil
	}
	rss, took, err := waiting(ctx, pg.DSN("postgres"), redis, o)
	if err != nil {
		return err
	}
	fmt.Printf("\nresident while %d deliveries wait: %d MB (they were planned in %s)\n", o.waiting, rss>>20, took.Round(time.Second))
	return nil
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}
