// Package fetch gets files from addresses that are anybody's: the attachments of chats.
//
// It speaks https with public addresses alone, whatever a name resolves to and wherever
// a redirect leads; it sends no cookie, no credential and no referrer; it bounds size,
// time and how much goes on at once. It never decodes what it got: of an image it reads
// the header, so that a small file that would fill a reader's memory is not shown.
package fetch

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"

	"github.com/afterchat/afterchat/internal/fault"
)

const (
	// atOnce is how many files are fetched at the same time, by the whole process.
	atOnce = 16
	// maxRedirects is how many redirects are followed.
	maxRedirects = 3
	// sniffed is how much of a file http.DetectContentType looks at.
	sniffed = 512
)

// Options are what a test gives, whose servers are on loopback. The zero value is for the
// world.
type Options struct {
	// Control is asked about every connection, once the name is resolved; nil is Public.
	Control func(network, address string, c syscall.RawConn) error
	// TLS has the authorities to trust; nil are the system's.
	TLS *tls.Config
}

// Public allows public addresses and port 443 alone; it is a net.Dialer's Control.
func Public(network, address string, c syscall.RawConn) error {
	return ssrf.New(ssrf.WithPorts(443)).Safe(network, address, c)
}

// Fetcher gets files. It is safe for concurrent use.
type Fetcher struct {
	client *http.Client
	slots  chan struct{}
}

// New returns a Fetcher.
func New(o Options) *Fetcher {
	if o.Control == nil {
		o.Control = Public
	}
	dialer := &net.Dialer{Timeout: 3 * time.Second, Control: o.Control}
	return &Fetcher{
		slots: make(chan struct{}, atOnce),
		client: &http.Client{
			CheckRedirect: redirect,
			Transport: &http.Transport{
				// No proxy: it would connect in the place of the dialer that checks.
				DialContext:            dialer.DialContext,
				TLSClientConfig:        o.TLS,
				TLSHandshakeTimeout:    3 * time.Second,
				ResponseHeaderTimeout:  5 * time.Second,
				MaxResponseHeaderBytes: 64 << 10,
				// A compressed answer could become any size; none is asked for, or taken.
				DisableCompression: true,
				MaxIdleConns:       atOnce,
				IdleConnTimeout:    10 * time.Second,
				ForceAttemptHTTP2:  true,
			},
		},
	}
}

// Close gives up the connections that are kept for a next file.
func (f *Fetcher) Close() { f.client.CloseIdleConnections() }

// Limits are how many bytes of a file are wanted, by what it turns out to be. With 0 it is
// only found out whether it is there.
type Limits struct{ Image, Other int64 }

// File is a file that is there. Content is nil where it is longer than wanted; Image says
// that ContentType, which is what the bytes show and not what was said, is PNG, JPEG, GIF
// or WebP in a size that any reader can show.
type File struct {
	Content     []byte
	ContentType string
	Image       bool
}

// Get fetches a file. A NotFound fault means that the link has expired: the server
// answered 403, 404 or 410. With any other fault nothing is known about the file.
func (f *Fetcher) Get(ctx context.Context, address string, limits Limits) (File, error) {
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	case <-ctx.Done():
		return File{}, fault.Wrap(fault.Transient, "timeout", "the file was not fetched in time", ctx.Err())
	}
	target, err := url.Parse(address)
	if err != nil || !fit(target) {
		return File{}, fault.New(fault.Invalid, "invalid_url", "a file is only fetched over https, without credentials")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), http.NoBody)
	if err != nil {
		return File{}, fault.New(fault.Invalid, "invalid_url", "the file's address is no good")
	}
	request.Header.Set("Accept-Encoding", "identity")
	request.Header.Set("User-Agent", "Afterchat")
	response, err := f.client.Do(request)
	if err != nil {
		return File{}, unreached(err)
	}
	defer response.Body.Close()
	if err := answered(response); err != nil {
		return File{}, err
	}
	return read(response, limits)
}

// fit reports the addresses that may be asked.
func fit(u *url.URL) bool { return u.Scheme == "https" && u.Host != "" && u.User == nil }

// redirect is asked about every redirect; the dialer checks the address it leads to.
func redirect(request *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fault.New(fault.Invalid, "redirects", "the file's link leads on and on")
	}
	if !fit(request.URL) {
		return fault.New(fault.Invalid, "redirect", "the file's link leads to where nothing is fetched from")
	}
	request.Header.Del("Referer")
	return nil
}

// unreached turns an error of the client, whose text holds the address, into a fault.
func unreached(err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	for _, refused := range []error{ssrf.ErrProhibitedIP, ssrf.ErrProhibitedPort, ssrf.ErrProhibitedNetwork} {
		if errors.Is(err, refused) {
			return fault.Wrap(fault.Invalid, "address", "the file is not at a public address", refused)
		}
	}
	return fault.New(fault.Transient, "unreachable", "the file's server was not reached")
}

func answered(response *http.Response) error {
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		return fault.New(fault.NotFound, "expired", "the file's link has expired")
	default:
		return fault.New(fault.Transient, "status", "the file's server did not answer with it")
	}
	if encoding := response.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return fault.New(fault.Invalid, "encoding", "the file came compressed")
	}
	return nil
}

// read reads as much as is wanted of what the first bytes show the file to be.
func read(response *http.Response, limits Limits) (File, error) {
	head, err := io.ReadAll(io.LimitReader(response.Body, sniffed))
	if err != nil {
		return File{}, fault.New(fault.Transient, "broken_off", "the file broke off")
	}
	file := File{ContentType: contentType(head)}
	file.Image = isImage(file.ContentType) && saidImage(response.Header.Get("Content-Type"))
	limit := limits.Other
	if file.Image {
		limit = max(limits.Image, limits.Other)
	}
	if response.ContentLength > limit || int64(len(head)) > limit {
		return file, nil
	}
	content, err := io.ReadAll(io.MultiReader(bytes.NewReader(head), io.LimitReader(response.Body, limit-int64(len(head))+1)))
	if err != nil {
		return File{}, fault.New(fault.Transient, "broken_off", "the file broke off")
	}
	if file.Image && int64(len(content)) <= limit && !showable(file.ContentType, content) {
		file.Image, limit = false, limits.Other
	}
	if int64(len(content)) <= limit {
		file.Content = content
	}
	return file, nil
}

// contentType is what a file's first bytes show it to be. What a mail client might run
// is a file of no type.
func contentType(head []byte) string {
	found, _, err := mime.ParseMediaType(http.DetectContentType(head))
	if err != nil || found == "text/html" || found == "text/xml" {
		return "application/octet-stream"
	}
	return found
}

// saidImage reports whether a server's word about a file allows it to be an image: a page
// that also looks like one is none.
func saidImage(said string) bool {
	said, _, _ = mime.ParseMediaType(said)
	return said == "" || strings.HasPrefix(said, "image/") || said == "application/octet-stream" || said == "binary/octet-stream"
}
