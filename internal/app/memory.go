package app

import (
	"os"
	"runtime/debug"
)

// collectAt makes the collector run less often than by default, in percent of what is
// live: nearly all that a delivery allocates is garbage a moment later and little is
// kept, so an effect costs about a tenth less processor time (make bench). Up to
// collectAlways bytes, that is: with more, of some huge chats, it runs as often as need be.
const (
	collectAt     = 300
	collectAlways = 384 << 20
)

// TuneMemory sets the collector for a process that does nothing else than Afterchat,
// unless GOGC and GOMEMLIMIT do.
func TuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(collectAlways)
	}
}
