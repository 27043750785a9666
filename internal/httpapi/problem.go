package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/afterchat/afterchat/internal/fault"
)

const problemType = "application/problem+json"

// The codes that decide about a status by themselves.
const (
	codeMalformed    = "malformed_json"
	codeTooLarge     = "body_too_large"
	codeMediaType    = "unsupported_media_type"
	codeTimeout      = "request_timeout"
	codeUnauthorized = "unauthorized"
)

// problem is a problem document. It implements huma's interfaces for errors, so that
// huma's own error type, which can only be replaced for the whole process, is not used.
type problem struct {
	Type   string `json:"type" doc:"Always about:blank; the code says what it is."`
	Title  string `json:"title" doc:"The status in words."`
	Status int    `json:"status"`
	Code   string `json:"code" doc:"A stable word for programs."`
	Detail string `json:"detail,omitempty" doc:"A text for people."`
	Field  string `json:"field,omitempty" doc:"The field or parameter at fault, as messages[3].author.kind."`

	header http.Header
}

// Error makes problem an error.
func (p *problem) Error() string { return strconv.Itoa(p.Status) + " " + p.Code }

// GetStatus, GetHeaders and ContentType are what huma asks an error for.
func (p *problem) GetStatus() int { return p.Status }

// GetHeaders returns Retry-After, WWW-Authenticate or Accept-Encoding where they belong.
func (p *problem) GetHeaders() http.Header { return p.header }

// ContentType returns the media type of RFC 9457.
func (p *problem) ContentType(string) string { return problemType }

// problem turns an error into what the caller may know of it, and logs what an operator
// should.
func (a *api) problem(ctx context.Context, err error) *problem {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		// Only a fault's text is known to be safe.
		a.Log.ErrorContext(ctx, "call failed", "error_type", fmt.Sprintf("%T", rootOf(err)))
		return newProblem(http.StatusInternalServerError, "internal", "")
	}
	p := newProblem(statusOf(f), f.Code, f.Detail)
	p.Field = f.Field
	if p.Code == "" {
		p.Code = f.Kind.String()
	}
	switch p.Status {
	case http.StatusUnauthorized:
		p.header.Set("WWW-Authenticate", `Bearer realm="Afterchat"`)
	case http.StatusUnsupportedMediaType:
		p.header.Set("Accept-Encoding", "identity") // RFC 9110, 15.5.16
	case http.StatusServiceUnavailable:
		p.Code = "unavailable" // the fault's code is the vendor's
		p.retryAfter(max(f.RetryAfter, 2*time.Second))
	case http.StatusTooManyRequests:
		p.retryAfter(max(f.RetryAfter, time.Second))
	}
	if p.Status >= http.StatusInternalServerError && p.Status != http.StatusNotImplemented {
		a.Log.WarnContext(ctx, "call failed", "kind", f.Kind.String(), "code", f.Code)
	}
	return p
}

func newProblem(status int, code, detail string) *problem {
	return &problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail, header: http.Header{}}
}

func (p *problem) retryAfter(d time.Duration) {
	p.header.Set("Retry-After", strconv.Itoa(int(math.Ceil(d.Seconds()))))
}

// write writes a problem where huma does not.
func (p *problem) write(w http.ResponseWriter) {
	for name, values := range p.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the caller may have gone
}

// refuse answers a page's request with a problem.
func (a *api) refuse(w http.ResponseWriter, r *http.Request, err error) {
	a.problem(r.Context(), err).write(w)
}

func statusOf(f *fault.Error) int {
	switch f.Code {
	case codeMalformed:
		return http.StatusBadRequest
	case codeTooLarge:
		return http.StatusRequestEntityTooLarge
	case codeMediaType:
		return http.StatusUnsupportedMediaType
	case codeTimeout:
		return http.StatusRequestTimeout
	case codeUnauthorized:
		return http.StatusUnauthorized
	}
	switch f.Kind {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Denied:
		return http.StatusForbidden
	case fault.RateLimited:
		return http.StatusTooManyRequests
	case fault.Unsupported:
		return http.StatusNotImplemented
	case fault.Transient:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

func rootOf(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

func invalid(field, detail string) error {
	return fault.New(fault.Invalid, "invalid_field", detail).At(field)
}

func notFound(what string) error {
	return fault.New(fault.NotFound, "not_found", "there is no such "+what)
}
