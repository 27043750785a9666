package app_test

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afterchat/afterchat/internal/app"
)

func TestALibrarysRemarksAreLoggedOnceAMinuteEach(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log lockedBuffer
		quiet := app.NewQuiet(slog.New(slog.NewTextHandler(&log, nil)))
		for range 90 {
			quiet.Error("Failed to forward scheduled tasks: ", "redis is away")
			quiet.Warn("recoverer: could not list lease expired tasks")
			quiet.Info("Send signal TERM to stop")
			time.Sleep(time.Second)
		}
		for remark, want := range map[string]int{"Failed to forward scheduled tasks: redis is away": 2, "recoverer:": 2, "signal": 0} {
			if got := strings.Count(log.String(), remark); got != want {
				t.Errorf("%q is logged %d times, want %d", remark, got, want)
			}
		}
	})
}
