package httpapi

import (
	"math"
	"testing"
)

func FuzzCursor(f *testing.F) {
	for _, after := range []int64{1, 50, math.MaxInt64} {
		if got, ok := readCursor(writeCursor(after)); !ok || got != after {
			f.Fatalf("%d came back as %d, %v", after, got, ok)
		}
		f.Add(writeCursor(after))
	}
	f.Add("")
	f.Add("AAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, cursor string) {
		after, ok := readCursor(cursor)
		if ok && (after <= 0 || writeCursor(after) != cursor) {
			t.Fatalf("%q was read as %d", cursor, after)
		}
	})
}
