package app

import (
	"os"
	"runtime/debug"
)

// collectAt makes the collector run less often than by default, in percent of what is
// live: nearly all that a delivery allocates is garbage a moment later and little is
// kept, so an effect costs about a tenth less processor time (make bench).
const collectAt = 400

// TuneMemory sets the collector for a process that does nothing else than Afterchat,
// unless GOGC does.
func TuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
}
