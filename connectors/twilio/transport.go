package twilio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/twilio/twilio-go/client"

	"github.com/afterchat/afterchat/connectors/rest"
	"github.com/afterchat/afterchat/internal/fault"
)

// maxAnswer caps how much of an answer is read, in bytes.
const maxAnswer = 4 << 20

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout: 5 * time.Second,
		MaxIdleConns:        64,
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     60 * time.Second,
		ForceAttemptHTTP2:   true,
	}
}

// exchange is the transport of one request. It puts the context and the base URL into
// the request, and keeps of the answer what twilio-go throws away.
type exchange struct {
	ctx  context.Context //nolint:containedctx // twilio-go has no other way in
	base *url.URL
	next http.RoundTripper

	wrote  atomic.Bool
	safe   bool // the request can have no effect
	status int  // 0: no answer
	header http.Header
}

// RoundTrip sends the request to the base URL. The body of the answer is read here, so
// that the connection is free again whatever twilio-go does with an error.
func (x *exchange) RoundTrip(r *http.Request) (*http.Response, error) {
	x.safe = r.Method == http.MethodGet || r.Method == http.MethodHead
	x.status = 0
	ctx := httptrace.WithClientTrace(x.ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { x.wrote.Store(true) },
	})
	r = r.Clone(ctx)
	r.URL.Scheme, r.URL.Host, r.Host = x.base.Scheme, x.base.Host, x.base.Host
	r.URL.Path = x.base.Path + r.URL.Path
	resp, err := x.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	_ = resp.Body.Close()
	if err != nil {
		return nil, err
	}
	x.status, x.header = resp.StatusCode, resp.Header
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// outcome turns the end of a request into a fault, or nil. The text of err is not
// shown: Twilio repeats numbers, and net/http the URL.
func (x *exchange) outcome(op string, err error) error {
	switch {
	case err == nil && x.status >= 200 && x.status <= 299:
		return nil
	case x.status == 0:
		return fmt.Errorf("%s: %w", op, rest.NoAnswer(err, x.wrote.Load() && !x.safe))
	case x.status >= 200 && x.status <= 299:
		kind := fault.Ambiguous
		if x.safe {
			kind = fault.Transient
		}
		return fmt.Errorf("%s: %w", op, fault.New(kind, "bad_answer", "the answer cannot be read"))
	}
	code := 0
	if e, ok := errors.AsType[*client.TwilioRestError](err); ok {
		code = e.Code
	}
	return fmt.Errorf("%s: %w", op, refusal(code, x.status, x.header, x.safe))
}

// refusal is the fault for an answer that is not 2xx. Twilio's code decides; for one
// that is not known here, the status does.
func refusal(code, status int, header http.Header, safe bool) *fault.Error {
	f := rest.FromStatus(status, header, safe)
	if code > 0 {
		f.Code = fmt.Sprint(code)
	}
	switch kind, known := KindOf(code); {
	case code == codeOptedOut:
		f.Kind, f.Code, f.Detail = fault.Invalid, "opted_out", "the recipient has opted out"
	case known && kind == fault.Ambiguous && safe:
		f.Kind = fault.Transient
	case known:
		f.Kind = kind
	case f.Kind == fault.NotFound && !safe:
		// There is no such account at this address.
		f.Kind = fault.Denied
	}
	return f
}
