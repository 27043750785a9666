package httpapi

import (
	"net/http"
	"time"
)

// Server returns a server for the door, with timeouts that leave a slow line the time
// for a body of 32 MiB (about 1 Mbit/s) and no stranger the time to hold a connection
// open for nothing. BaseContext is the caller's.
func Server(addr string, h http.Handler) *http.Server {
	return &http.Server{
		Addr:              addr,
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       5 * time.Minute,
		WriteTimeout:      6 * time.Minute, // counts from the end of the header
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
}
