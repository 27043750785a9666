package httpapi

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/intake"
)

// The largest bodies, in bytes.
const (
	chatBody  = intake.MaxBody
	smallBody = 1 << 20
)

// callTimeout bounds the work on a request once its body has been read; a body of 32 MiB
// is seconds of it.
const callTimeout = 2 * time.Minute

// operation is one call: its route, and what the OpenAPI description says of it.
type operation struct {
	id, method, path string
	summary, doc     string
	tag              string
	status           int // of a success; 0 means 200
	// pages are the other statuses that a page answers with by itself, and not by a problem.
	pages []int
	// body is the type of the JSON body, nil if the call takes none, of at most limit
	// bytes (smallBody if 0).
	body     reflect.Type
	optional bool
	limit    int64
}

// request is what the input of every call has in it: who calls, and the body as it came.
type request struct {
	http         *http.Request
	writer       http.ResponseWriter
	organization *config.Organization
	body         []byte
}

// Resolve keeps the request that huma hides from handlers. huma calls it for each input.
func (r *request) Resolve(c huma.Context) []error {
	r.http, r.writer = humago.Unwrap(c)
	return nil
}

func (r *request) self() *request { return r }

// check says what is wrong with the parameters; inputs that have some override it.
func (*request) check() error { return nil }

// answer is what a handler returns.
type answer[T any] struct{ Body T }

func answered[T any](body T, err error) (*answer[T], error) {
	if err != nil {
		return nil, err
	}
	return &answer[T]{body}, nil
}

// register adds a call. The handler runs when the caller is known, the body is read and
// the parameters are checked, in this order, so that nobody unknown can fill memory.
//
// huma validates nothing: its messages have no code and can quote what people wrote.
func register[I, O any, P interface {
	*I
	self() *request
	check() error
}](a *api, op operation, handle func(context.Context, *I) (*O, error)) {
	huma.Register(a.huma, a.describe(op, apiKeyScheme), func(ctx context.Context, in *I) (*O, error) {
		out, err := func() (*O, error) {
			r := P(in).self()
			if err := a.admit(r); err != nil {
				return nil, err
			}
			if err := r.read(op); err != nil {
				return nil, err
			}
			if err := P(in).check(); err != nil {
				return nil, err
			}
			ctx, cancel := context.WithTimeout(ctx, callTimeout)
			defer cancel()
			leave, err := a.room(ctx, len(r.body))
			if err != nil {
				return nil, err
			}
			defer leave()
			return handle(ctx, in)
		}()
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return out, nil
	})
	if op.body != nil {
		a.describeBody(op)
	}
}

// room waits until a body of so many bytes may be taken in; leave makes room for others.
func (a *api) room(ctx context.Context, n int) (leave func(), err error) {
	size := min(int64(n), roomForBodies)
	if size < largeBody {
		return func() {}, nil
	}
	if err := a.large.Acquire(ctx, size); err != nil {
		return nil, fault.Wrap(fault.Transient, "busy", "other large requests are being taken in", err)
	}
	return func() { a.large.Release(size) }, nil
}

// page adds a route that is no JSON call: a page, a webhook, a probe.
func (a *api) page(op operation, scheme string, h http.HandlerFunc) {
	described := a.describe(op, scheme)
	for _, status := range append([]int{cmp.Or(op.status, http.StatusOK)}, op.pages...) {
		described.Responses[strconv.Itoa(status)] = &huma.Response{Description: http.StatusText(status)}
	}
	for _, parameter := range pathParameter.FindAllStringSubmatch(op.path, -1) {
		described.Parameters = append(described.Parameters, &huma.Param{Name: parameter[1], In: "path", Required: true, Schema: &huma.Schema{Type: "string"}})
	}
	a.huma.OpenAPI().AddOperation(&described)
	a.mux.HandleFunc(op.method+" "+op.path, func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
		defer cancel()
		h(w, r.WithContext(ctx))
	})
}

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

func (a *api) describe(op operation, scheme string) huma.Operation {
	schema := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[problem](), true, "")
	o := huma.Operation{
		OperationID: op.id, Method: op.method, Path: op.path, Summary: op.summary, Description: op.doc, Tags: []string{op.tag},
		DefaultStatus: op.status, SkipValidateParams: true,
		Responses: map[string]*huma.Response{"default": {
			Description: "A problem document.",
			Content:     map[string]*huma.MediaType{problemType: {Schema: schema}},
		}},
	}
	if scheme != "" {
		o.Security = []map[string][]string{{scheme: {}}}
	}
	return o
}

// describeBody adds the body to the description after the fact: had huma known of it, it
// would have read and validated it.
func (a *api) describeBody(op operation) {
	openapi := a.huma.OpenAPI()
	item := openapi.Paths[op.path]
	described := item.Post
	if op.method == http.MethodPut {
		described = item.Put
	}
	described.RequestBody = &huma.RequestBody{
		Required: !op.optional,
		Content:  map[string]*huma.MediaType{"application/json": {Schema: openapi.Components.Schemas.Schema(op.body, true, op.id+"Body")}},
	}
}

// read reads the body, of a size and type that the operation takes.
func (r *request) read(op operation) error {
	if op.body == nil || op.optional && r.http.ContentLength == 0 {
		return nil
	}
	if err := readable(r.http.Header, isJSON, "application/json"); err != nil {
		return err
	}
	var err error
	r.body, err = readBody(r.writer, r.http, cmp.Or(op.limit, smallBody))
	return err
}

// readBody reads a request's body, of at most limit bytes.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	tooLarge := fault.New(fault.Invalid, codeTooLarge, fmt.Sprintf("the body has more than %d bytes", limit))
	if r.ContentLength > limit {
		linger(r)
		return nil, tooLarge
	}
	var body bytes.Buffer
	if r.ContentLength > 0 {
		body.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	_, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, limit))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		linger(r)
		return nil, tooLarge
	}
	if err != nil {
		return nil, incomplete(err)
	}
	return body.Bytes(), nil
}

// lingering is how many bytes more than it may have a body is read, in bytes.
const lingering = 64 << 20

// linger reads on for a while and throws it away: who is still sending when the
// connection is closed sees it break, and not the answer (RFC 9112, 9.6). Who asked first
// (Expect: 100-continue) has not begun to send.
func linger(r *http.Request) {
	if r.Header.Get("Expect") == "" {
		_, _ = io.CopyN(io.Discard, r.Body, lingering)
	}
}

// incomplete is for a body that could not be read to its end.
func incomplete(err error) error {
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return fault.Wrap(fault.Invalid, codeTimeout, "the body did not come in time", err)
	}
	return fault.Wrap(fault.Invalid, "incomplete_body", "the body ended early", err)
}

// readable refuses a body of a type that is not taken, and a compressed one.
func readable(h http.Header, takes func(contentType string) bool, name string) error {
	if !takes(h.Get("Content-Type")) {
		return fault.New(fault.Invalid, codeMediaType, "the body has to be "+name)
	}
	for coding := range strings.SplitSeq(strings.Join(h.Values("Content-Encoding"), ","), ",") {
		if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, "identity") {
			return fault.New(fault.Invalid, codeMediaType, "the body has to come as it is, not compressed").At("Content-Encoding")
		}
	}
	return nil
}

// isJSON takes the type's name, its relatives (application/x+json), and none at all.
func isJSON(contentType string) bool {
	if contentType == "" {
		return true
	}
	name, _, err := mime.ParseMediaType(contentType)
	return err == nil && (name == "application/json" || strings.HasPrefix(name, "application/") && strings.HasSuffix(name, "+json"))
}
