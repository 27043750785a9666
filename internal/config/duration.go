package config

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/afterchat/afterchat/internal/fault"
)

// Duration is a length of time as it is configured: "0s", "1h30m", "7d", "1d12h". It is
// never negative and never without a unit.
type Duration time.Duration

const day = 24 * time.Hour

// ParseDuration reads a duration. A day ("d") is 24 hours and stands first.
func ParseDuration(s string) (Duration, error) {
	days, rest := time.Duration(0), s
	if n, after, found := strings.Cut(s, "d"); found {
		count, err := strconv.ParseUint(n, 10, 32)
		if err != nil || time.Duration(count) > math.MaxInt64/day {
			return 0, errDuration()
		}
		days, rest = time.Duration(count)*day, after
		if rest == "" {
			return Duration(days), nil
		}
	}
	if strings.Trim(rest, "0123456789") == "" || strings.ContainsAny(rest, "+-") {
		return 0, errDuration()
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d > math.MaxInt64-days {
		return 0, errDuration()
	}
	return Duration(days + d), nil
}

func errDuration() error {
	return fault.New(fault.Invalid, "invalid_duration", "a duration has a unit and no sign, as 0s, 30m, 168h or 7d")
}

// String writes the duration as it could be configured, without empty parts: "1h30m".
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText writes the duration as String does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := ParseDuration(string(text))
	if err == nil {
		*d = parsed
	}
	return err
}
