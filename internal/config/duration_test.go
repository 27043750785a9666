package config_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/afterchat/afterchat/internal/config"
)

func TestDurationsAreReadWithTheirUnits(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"0s": 0, "30m": 30 * time.Minute, "168h": 168 * time.Hour, "7d": 168 * time.Hour, "1d12h": 36 * time.Hour, "1h30m": 90 * time.Minute,
		"1.5s": 1500 * time.Millisecond, "106751d": 106751 * 24 * time.Hour,
	} {
		if got, err := config.ParseDuration(text); err != nil || got != config.Duration(want) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "0", "5", "-5s", "+5s", "1d-1h", "1d5", "5 s", "soon", "d", "1.5d", "-1d", "1d1d", "106752d", "106751d24h", "99999999999d", "9999999h",
	} {
		if got, err := config.ParseDuration(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestADurationReadsWhatItWrites(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{0: "0s", time.Hour: "1h", 90 * time.Minute: "1h30m", 30 * time.Minute: "30m", 61 * time.Second: "1m1s", 10 * time.Second: "10s"} {
		if got := config.Duration(d).String(); got != want {
			t.Errorf("%v is written %q, want %q", d, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		d := config.Duration(rapid.Int64Min(0).Draw(t, "d"))
		text, _ := d.MarshalText()
		var back config.Duration
		if err := back.UnmarshalText(text); err != nil || back != d {
			t.Fatalf("%d is written %s and read %d: %v", d, text, back, err)
		}
	})
}
