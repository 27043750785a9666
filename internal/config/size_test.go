package config_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/afterchat/afterchat/internal/config"
)

func TestSizesAreReadWithTheirUnits(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]config.Size{
		"0": 0, "0B": 0, "0MB": 0, "1B": 1, "200KB": 200 << 10, "2MB": 2 << 20, "1GB": 1 << 30, "8589934591GB": 8589934591 << 30,
	} {
		if got, err := config.ParseSize(text); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "5", "00", "-1MB", "+1MB", "2 MB", "2mb", "1.5MB", "2M", "2MiB", "MB", "2MBB", "8589934592GB", "99999999999999999999B", "1e3KB",
	} {
		if got, err := config.ParseSize(text); err == nil {
			t.Errorf("%q is %d", text, got)
		}
	}
}

func TestASizeReadsWhatItWrites(t *testing.T) {
	t.Parallel()
	for size, want := range map[config.Size]string{0: "0", 1: "1B", 1023: "1023B", 1024: "1KB", 1536: "1536B", 2 << 20: "2MB", 3 << 30: "3GB", 1 << 40: "1024GB"} {
		if got := size.String(); got != want {
			t.Errorf("%d is written %q, want %q", int64(size), got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		size := config.Size(rapid.Int64Min(0).Draw(t, "size"))
		text, _ := size.MarshalText()
		var back config.Size
		if err := back.UnmarshalText(text); err != nil || back != size {
			t.Fatalf("%d is written %s and read %d: %v", int64(size), text, int64(back), err)
		}
	})
}
