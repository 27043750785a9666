package config

import (
	"math"
	"strconv"
	"strings"

	"github.com/afterchat/afterchat/internal/fault"
)

// Size is a number of bytes as it is configured: "200KB", "2MB", 0. A KB is 1,024 bytes,
// as in what readers are shown. It is never negative, and only 0 is without a unit.
type Size int64

// sizeUnits are in order: each is 1,024 of the one before.
var sizeUnits = [...]string{"B", "KB", "MB", "GB"}

// ParseSize reads a size: a whole number and its unit.
func ParseSize(s string) (Size, error) {
	if s == "0" {
		return 0, nil
	}
	digits := s[:len(s)-len(strings.TrimLeft(s, "0123456789"))]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, errSize()
	}
	for i, unit := range sizeUnits {
		if s[len(digits):] == unit && n <= math.MaxInt64>>(10*i) {
			return Size(n << (10 * i)), nil
		}
	}
	return 0, errSize()
}

func errSize() error {
	return fault.New(fault.Invalid, "invalid_size", "a size is a whole number with a unit, as 200KB or 2MB, or 0")
}

// String writes the size as it could be configured, in its largest whole unit.
func (s Size) String() string {
	unit := 0
	for s != 0 && s%1024 == 0 && unit < len(sizeUnits)-1 {
		s, unit = s/1024, unit+1
	}
	if s == 0 {
		return "0"
	}
	return strconv.FormatInt(int64(s), 10) + sizeUnits[unit]
}

// MarshalText writes the size as String does.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what ParseSize reads.
func (s *Size) UnmarshalText(text []byte) error {
	parsed, err := ParseSize(string(text))
	if err == nil {
		*s = parsed
	}
	return err
}
