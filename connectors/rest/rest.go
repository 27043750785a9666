// Package rest is the HTTP client that connectors to REST APIs share. It sends JSON
// with resty (whose own retries stay off: the ledger decides about repeats) and turns
// whatever happens into a fault that says whether it may have had an effect.
//
// What a fault says is safe to show: the operation, the status and the vendor's error
// code; never a URL's query, a body or a credential.
package rest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/fault"
)

// maxAnswer caps how much of an answer is read, in bytes.
const maxAnswer = 8 << 20

// Options describe one account at one vendor.
type Options struct {
	BaseURL string
	// Authorize puts the credential on a request.
	Authorize func(*resty.Request)
	// ErrorCode reads the vendor's error code out of an error body. Whatever does not
	// look like a code is dropped, so that no text of a body gets into an error.
	ErrorCode func(body []byte) string
}

// Client calls one account at one vendor.
type Client struct {
	resty     *resty.Client
	authorize func(*resty.Request)
	errorCode func([]byte) string
}

// New returns a client. Connections are kept and shared; deadlines come with each
// call's context.
func New(o Options) *Client {
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   5 * time.Second,
		MaxIdleConns:          128,
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       60 * time.Second,
		ResponseHeaderTimeout: 60 * time.Second,
		ForceAttemptHTTP2:     true,
	}
	r := resty.New().
		SetBaseURL(strings.TrimRight(o.BaseURL, "/")).
		SetTransport(connectors.GuardTransport(transport)).
		SetRetryCount(0).
		SetRedirectPolicy(resty.NoRedirectPolicy()).
		SetHeader("User-Agent", "afterchat").
		SetHeader("Accept", "application/json").
		SetLogger(silent{}).
		SetResponseBodyLimit(maxAnswer)
	c := &Client{resty: r, authorize: o.Authorize, errorCode: o.ErrorCode}
	if c.authorize == nil {
		c.authorize = func(*resty.Request) {}
	}
	if c.errorCode == nil {
		c.errorCode = func([]byte) string { return "" }
	}
	return c
}

// Call is one request. Body is sent as JSON unless ContentType says otherwise (then it
// is []byte or io.Reader); Into, if set, receives the decoded JSON answer.
type Call struct {
	Op          string // what is being done, for errors: "filing ticket"
	Method      string
	Path        string
	Query       url.Values
	Header      map[string]string
	ContentType string
	Body        any
	Into        any
}

// Do carries out a call. For any answer that is not 2xx, and for no answer, it returns
// a fault.
func (c *Client) Do(ctx context.Context, call Call) (http.Header, error) {
	var wrote atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { wrote.Store(true) },
	})
	req := c.resty.R().SetContext(ctx).SetHeaders(call.Header)
	if call.Query != nil {
		req.SetQueryParamsFromValues(call.Query)
	}
	if call.Body != nil {
		contentType := call.ContentType
		if contentType == "" {
			contentType = "application/json"
		}
		req.SetHeader("Content-Type", contentType).SetBody(call.Body)
	}
	if call.Into != nil {
		req.SetResult(call.Into).ForceContentType("application/json")
	}
	c.authorize(req)

	safe := call.Method == http.MethodGet || call.Method == http.MethodHead
	resp, err := req.Execute(call.Method, call.Path)
	if err != nil && (resp == nil || resp.StatusCode() < 300 || resp.StatusCode() > 399) {
		return nil, fmt.Errorf("%s: %w", call.Op, NoAnswer(err, wrote.Load() && !safe))
	}
	if resp.StatusCode() >= 200 && resp.StatusCode() <= 299 {
		return resp.Header(), nil
	}
	f := FromStatus(resp.StatusCode(), resp.Header(), safe)
	if code := c.errorCode(resp.Body()); codeLike.MatchString(code) {
		f.Code = code
	}
	return resp.Header(), fmt.Errorf("%s: %w", call.Op, f)
}

var codeLike = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,64}$`)

// NoAnswer turns the error of a request that got no whole answer into a fault: Ambiguous
// where it may have had an effect, Transient otherwise, and a fault as it is. The text of
// err is not shown, because net/http puts the URL into it.
func NoAnswer(err error, mayHaveHappened bool) *fault.Error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	code, detail := "no_answer", "no answer"
	switch {
	case errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
		code, detail = "timeout", "no answer in time"
	case errors.Is(err, context.Canceled):
		code, detail = "canceled", "stopped while waiting for the answer"
	default:
		if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
			code, detail = "unreachable", "cannot connect"
		}
	}
	if mayHaveHappened {
		return fault.Wrap(fault.Ambiguous, code, detail, err)
	}
	return fault.Wrap(fault.Transient, code, detail, err)
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[net.Error](err)
	return ok && t.Timeout()
}

// FromStatus turns an HTTP status into a fault. A 5xx answer to a request that is not
// safe is ambiguous: a proxy may have given up while the vendor went on.
func FromStatus(status int, header http.Header, safe bool) *fault.Error {
	detail := "status " + strconv.Itoa(status)
	code := "http_" + strconv.Itoa(status)
	kind := fault.Invalid
	switch {
	case status == http.StatusTooManyRequests:
		kind = fault.RateLimited
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusPaymentRequired:
		kind = fault.Denied
	case status == http.StatusNotFound, status == http.StatusGone:
		kind = fault.NotFound
	case status == http.StatusConflict, status == http.StatusPreconditionFailed, status == http.StatusLocked:
		// Conflict is for "closed for good", which only a connector can tell.
		kind = fault.Transient
	case status == http.StatusMethodNotAllowed, status == http.StatusNotImplemented:
		kind = fault.Unsupported
	case status < 400, status == http.StatusRequestTimeout, status == http.StatusTooEarly:
		kind = fault.Transient // a redirect, which is not followed, leads to a page of maintenance most often
	case status >= 500 && safe:
		kind = fault.Transient
	case status >= 500:
		kind = fault.Ambiguous
	}
	return fault.New(kind, code, detail).After(RetryAfter(header))
}

// RetryAfter reads the header of that name: seconds or an HTTP date (RFC 9110, 10.2.3).
// It returns 0 when there is none or it makes no sense, and at most a day.
func RetryAfter(h http.Header) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0
	}
	var d time.Duration
	if seconds, err := strconv.ParseFloat(v, 64); err == nil {
		d = time.Duration(min(seconds, longestRest.Seconds()) * float64(time.Second))
	} else if at, err := http.ParseTime(v); err == nil {
		d = time.Until(at)
	}
	return min(max(d, 0), longestRest)
}

// longestRest is how long a vendor can have us wait: a day, as for a daily quota.
const longestRest = 24 * time.Hour

// silent keeps resty from writing to the standard logger.
type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}
