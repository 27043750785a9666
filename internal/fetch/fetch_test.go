package fetch_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/fetch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is a file server on loopback, and a Fetcher that may connect to it and otherwise
// to the others that are named and to public addresses alone, as in production.
func server(t *testing.T, handler http.HandlerFunc, others ...string) (*fetch.Fetcher, *httptest.Server) {
	t.Helper()
	s := httptest.NewTLSServer(handler)
	t.Cleanup(s.Close)
	authorities := x509.NewCertPool()
	authorities.AddCert(s.Certificate())
	own := s.Listener.Addr().String()
	f := fetch.New(fetch.Options{
		TLS: &tls.Config{RootCAs: authorities},
		Control: func(network, address string, c syscall.RawConn) error {
			if address == own || slices.Contains(others, address) {
				return nil
			}
			return fetch.Public(network, address, c)
		},
	})
	t.Cleanup(f.Close)
	return f, s
}

// encoded returns a real image of each type.
func encoded(t *testing.T) map[string][]byte {
	t.Helper()
	picture := image.NewPaletted(image.Rect(0, 0, 3, 2), color.Palette{color.Black, color.White})
	var p, j, g bytes.Buffer
	for _, err := range []error{png.Encode(&p, picture), jpeg.Encode(&j, picture, nil), gif.Encode(&g, picture, nil)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	// A lossless WebP of one pixel (RFC 9649, 3.4): 14 bits of width and height less one each.
	webp := []byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00")
	return map[string][]byte{"image/png": p.Bytes(), "image/jpeg": j.Bytes(), "image/gif": g.Bytes(), "image/webp": webp}
}

// bomb is the header of a PNG of so many pixels, whole and with its checksum.
func bomb(width, height uint32) []byte {
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("IHDR"), width), height)
	header = append(header, "\x01\x00\x00\x00\x00"...)
	out := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), header...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(header))
}

func TestWhatAFileIsDecidesItsBytesAndNotItsName(t *testing.T) {
	t.Parallel()
	images := encoded(t)
	page := []byte("<html><script>alert(1)</script></html>")
	for name, test := range map[string]struct {
		said    string
		content []byte
		want    string
		image   bool
	}{
		"a PNG":                               {"image/png", images["image/png"], "image/png", true},
		"a JPEG":                              {"image/jpeg", images["image/jpeg"], "image/jpeg", true},
		"a GIF":                               {"image/gif", images["image/gif"], "image/gif", true},
		"a WebP":                              {"image/webp", images["image/webp"], "image/webp", true},
		"a JPEG that is called a PNG":         {"image/png", images["image/jpeg"], "image/jpeg", true},
		"an image of which nothing is said":   {"application/octet-stream", images["image/gif"], "image/gif", true},
		"an image that is called bytes":       {"binary/octet-stream", images["image/png"], "image/png", true},
		"an image without a type":             {"", images["image/png"], "image/png", true},
		"an image that is served as a page":   {"text/html", images["image/gif"], "image/gif", false},
		"a page that is called an image":      {"image/png", page, "application/octet-stream", false},
		"a drawing that can hold scripts":     {"image/svg+xml", []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`), "application/octet-stream", false},
		"an image too wide for any reader":    {"image/png", bomb(16_001, 10), "image/png", false},
		"an image too high for any reader":    {"image/png", bomb(10, 16_001), "image/png", false},
		"an image too large for any reader":   {"image/png", bomb(15_000, 15_000), "image/png", false},
		"an image that any reader can show":   {"image/png", bomb(7_000, 7_000), "image/png", true},
		"the beginning of an image, no more":  {"image/png", images["image/png"][:12], "image/png", false},
		"a document":                          {"application/pdf", []byte("%PDF-1.7\n"), "application/pdf", false},
		"nothing":                             {"", nil, "text/plain", false},
		"an image in a format that few read":  {"image/bmp", []byte("BM\x00\x00\x00\x00"), "image/bmp", false},
		"a program":                           {"application/x-msdownload", []byte("MZ\x90\x00\x03\x00"), "application/octet-stream", false},
		"what a client would take for a text": {"text/html; charset=utf-8", []byte("hello"), "text/plain", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, s := server(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", test.said)
				if test.said == "" {
					w.Header()["Content-Type"] = nil // or Go would look for itself
				}
				w.Write(test.content)
			})
			got, err := f.Get(t.Context(), s.URL+"/photo.png", fetch.Limits{Image: 1 << 20, Other: 1 << 20})
			if err != nil || got.ContentType != test.want || got.Image != test.image || !bytes.Equal(got.Content, test.content) {
				t.Errorf("%s, an image: %t, %d bytes, %v", got.ContentType, got.Image, len(got.Content), err)
			}
		})
	}
}

func TestAFileLongerThanWantedIsNotTaken(t *testing.T) {
	t.Parallel()
	photo := slices.Concat(encoded(t)["image/png"], make([]byte, 10_000))
	size := int64(len(photo))
	for name, test := range map[string]struct {
		limits  fetch.Limits
		chunked bool
		whole   bool
	}{
		"just as long":                         {fetch.Limits{Image: size}, false, true},
		"longer":                               {fetch.Limits{Image: size - 1}, false, false},
		"longer, which is not said beforehand": {fetch.Limits{Image: size - 1}, true, false},
		"no image is wanted":                   {fetch.Limits{}, true, false},
		"an image may go as a file":            {fetch.Limits{Other: size}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, s := server(t, func(w http.ResponseWriter, _ *http.Request) {
				for rest := photo; len(rest) > 0; rest = rest[min(len(rest), 1000):] {
					w.Write(rest[:min(len(rest), 1000)])
					if test.chunked {
						w.(http.Flusher).Flush()
					}
				}
			})
			got, err := f.Get(t.Context(), s.URL, test.limits)
			if err != nil || !got.Image || (got.Content != nil) != test.whole {
				t.Errorf("an image: %t, %d bytes, %v", got.Image, len(got.Content), err)
			}
		})
	}
}

func TestAFileWithoutEndIsNotReadOn(t *testing.T) {
	t.Parallel()
	f, s := server(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			w.Write(make([]byte, 1000))
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if got, err := f.Get(ctx, s.URL, fetch.Limits{Other: 5000}); err != nil || got.Content != nil {
		t.Errorf("%d bytes, %v", len(got.Content), err)
	}
}

func TestABombTakesNoMoreThanAFileMay(t *testing.T) {
	t.Parallel()
	f, s := server(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Write(append(bomb(60_000, 60_000), make([]byte, 100)...))
	})
	got, err := f.Get(t.Context(), s.URL, fetch.Limits{Image: 1 << 20, Other: 50})
	if err != nil || got.Image || got.Content != nil {
		t.Errorf("an image: %t, %d bytes, %v", got.Image, len(got.Content), err)
	}
}

func TestALinkThatHasExpiredIsToldFromOneThatDoesNotWorkNow(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]fault.Kind{403: fault.NotFound, 404: fault.NotFound, 410: fault.NotFound, 401: fault.Transient, 429: fault.Transient, 500: fault.Transient, 503: fault.Transient, 204: fault.Transient, 206: fault.Transient} {
		f, s := server(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		if _, err := f.Get(t.Context(), s.URL, fetch.Limits{}); !fault.Is(err, want) {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestOnlyPublicAddressesAreAskedAndOnlyOverHTTPS(t *testing.T) {
	t.Parallel()
	private := 0
	inside := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { private++ }))
	t.Cleanup(inside.Close)
	f, s := server(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
	})
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { private++ }))
	t.Cleanup(plain.Close)
	for _, address := range []string{
		inside.URL, strings.Replace(inside.URL, "127.0.0.1", "localhost", 1), plain.URL, "https://10.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://169.254.169.254/latest",
		"https://0.0.0.0/", "https://8.8.8.8:8443/", "http://example.com/", "file:///etc/passwd", "https:///x", "https://user:secret@example.com/", "ftp://example.com/", "https://", "://", "https://2130706433/",
	} {
		if _, err := f.Get(t.Context(), address, fetch.Limits{Image: 1 << 20}); err == nil || strings.Contains(err.Error(), "127.0.0.1") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", address, err)
		}
		if _, err := f.Get(t.Context(), s.URL+"?to="+address, fetch.Limits{Image: 1 << 20}); err == nil {
			t.Errorf("redirected to %s: %v", address, err)
		}
	}
	if private != 0 {
		t.Errorf("what is private was asked %d times", private)
	}
	strict := fetch.New(fetch.Options{})
	t.Cleanup(strict.Close)
	if _, err := strict.Get(t.Context(), s.URL, fetch.Limits{}); !fault.Is(err, fault.Invalid) || fault.CodeOf(err) != "address" {
		t.Errorf("in production loopback is no address: %v", err)
	}
}

// What no test may connect to is asked here without a network.
func TestOnlyPortFourFourThreeOfPublicAddressesIsPublic(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"8.8.8.8:443": true, "[2606:4700::1111]:443": true,
		"8.8.8.8:80": false, "8.8.8.8:8443": false, "8.8.8.8:6379": false, "[2606:4700::1111]:22": false,
		"10.0.0.1:443": false, "172.16.0.1:443": false, "192.168.1.1:443": false, "100.64.0.1:443": false, "127.0.0.1:443": false,
		"169.254.169.254:443": false, "0.0.0.0:443": false, "224.0.0.1:443": false, "255.255.255.255:443": false,
		"[::1]:443": false, "[::]:443": false, "[fe80::1]:443": false, "[fd00:ec2::254]:443": false, "[::ffff:10.0.0.1]:443": false,
		"[64:ff9b::a00:1]:443": false, "[2002:a00:1::]:443": false,
	} {
		network := "tcp4"
		if address[0] == '[' {
			network = "tcp6"
		}
		if err := fetch.Public(network, address, nil); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
	if fetch.Public("udp4", "8.8.8.8:443", nil) == nil {
		t.Error("UDP is let through")
	}
}

func TestNothingLeavesHTTPSOrShowsCredentials(t *testing.T) {
	t.Parallel()
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was followed") }))
	t.Cleanup(plain.Close)
	f, s := server(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, plain.URL, http.StatusFound) }, plain.Listener.Addr().String())
	if _, err := f.Get(t.Context(), s.URL, fetch.Limits{}); !fault.Is(err, fault.Invalid) || fault.CodeOf(err) != "redirect" {
		t.Error(err)
	}
	var credentials string
	f, s = server(t, func(w http.ResponseWriter, r *http.Request) {
		if _, _, signsIn := r.BasicAuth(); signsIn || r.URL.Path != "/" {
			t.Error("credentials were shown")
		}
		http.Redirect(w, r, credentials, http.StatusFound)
	})
	credentials = strings.Replace(s.URL, "https://", "https://user:secret@", 1) + "/photo"
	if _, err := f.Get(t.Context(), s.URL+"/", fetch.Limits{}); !fault.Is(err, fault.Invalid) || fault.CodeOf(err) != "redirect" {
		t.Error(err)
	}
	for _, address := range []string{plain.URL, strings.Replace(s.URL, "https://", "https://user:secret@", 1)} {
		if _, err := f.Get(t.Context(), address, fetch.Limits{}); !fault.Is(err, fault.Invalid) || fault.CodeOf(err) != "invalid_url" {
			t.Error(err)
		}
	}
}

func TestRedirectsAreFollowedThreeTimesAndTellNobodyAnything(t *testing.T) {
	t.Parallel()
	f, s := server(t, func(w http.ResponseWriter, r *http.Request) {
		for _, header := range []string{"Cookie", "Authorization", "Referer"} {
			if got := r.Header.Get(header); got != "" {
				t.Errorf("%s is %q", header, got)
			}
		}
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		var left int
		fmt.Sscan(r.URL.Query().Get("left"), &left)
		if left == 0 {
			w.Write([]byte("%PDF-1.7"))
			return
		}
		http.Redirect(w, r, fmt.Sprintf("/?left=%d", left-1), http.StatusFound)
	})
	for left, works := range map[int]bool{0: true, 3: true, 4: false} {
		got, err := f.Get(t.Context(), fmt.Sprintf("%s?left=%d", s.URL, left), fetch.Limits{Other: 1 << 20})
		if (err == nil) != works || works && string(got.Content) != "%PDF-1.7" {
			t.Errorf("%d redirects: %q, %v", left, got.Content, err)
		}
	}
}

func TestAnEndlessHeaderIsNotRead(t *testing.T) {
	t.Parallel()
	f, s := server(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 128<<10))
		w.Write([]byte("%PDF-1.7"))
	})
	if got, err := f.Get(t.Context(), s.URL, fetch.Limits{Other: 1 << 20}); !fault.Is(err, fault.Transient) {
		t.Errorf("%q, %v", got.Content, err)
	}
}

func TestAnAnswerThatSaysItIsNotCompressedIsTaken(t *testing.T) {
	t.Parallel()
	f, s := server(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "Identity")
		w.Write([]byte("%PDF-1.7"))
	})
	if got, err := f.Get(t.Context(), s.URL, fetch.Limits{Other: 1 << 20}); err != nil || string(got.Content) != "%PDF-1.7" {
		t.Errorf("%q, %v", got.Content, err)
	}
}

func TestNoCompressedAnswerIsTaken(t *testing.T) {
	t.Parallel()
	f, s := server(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept-Encoding"); got != "identity" {
			t.Errorf("asked for %q", got)
		}
		w.Header().Set("Content-Encoding", "gzip")
		w.Write([]byte("\x1f\x8b"))
	})
	if got, err := f.Get(t.Context(), s.URL, fetch.Limits{Other: 1 << 20}); !fault.Is(err, fault.Invalid) {
		t.Errorf("%q, %v", got.Content, err)
	}
}

func TestAServerThatIsSlowIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"before its answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"within its answer": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				w.Write([]byte("x"))
				w.(http.Flusher).Flush()
				time.Sleep(10 * time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, s := server(t, handler)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			began := time.Now()
			if _, err := f.Get(ctx, s.URL, fetch.Limits{Other: 1 << 20}); !fault.Is(err, fault.Transient) {
				t.Error(err)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestNoMoreThanSixteenFilesAreFetchedAtOnce(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now, most := 0, 0
	f, s := server(t, func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		time.Sleep(20 * time.Millisecond)
		mu.Lock()
		now--
		mu.Unlock()
	})
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, err := f.Get(t.Context(), s.URL, fetch.Limits{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if most > 16 || most < 2 {
		t.Errorf("%d at once", most)
	}
}
