//go:build !unix

package chromium

import "os"

// killAll kills the browser; what it started ends with it.
func killAll(p *os.Process) error { return p.Kill() }
