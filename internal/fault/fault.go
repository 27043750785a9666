// Package fault is the one error type of Afterchat.
//
// Every part that talks to the outside turns what went wrong into a Kind; everything
// above it branches on the Kind and never on text. A fault's text is safe to log and
// to show: it names the operation, a status and a code, never an address, a number, a
// secret or what people wrote.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says what a caller can do about an error.
type Kind uint8

// The kinds. The zero Kind means "not a fault": see KindOf.
const (
	// Transient: it did not happen; the same again may work later.
	Transient Kind = iota + 1
	// RateLimited: it did not happen; wait RetryAfter. Uses up no attempt.
	RateLimited
	// Invalid: refused for good; the same again will be refused again.
	Invalid
	// Denied: the account's credential or standing was refused; pause the account.
	Denied
	// NotFound: what was asked for is not there.
	NotFound
	// Conflict: the state of the other side forbids it (a ticket closed for good).
	Conflict
	// Unsupported: this system cannot do it.
	Unsupported
	// Ambiguous: it may have happened; look before repeating.
	Ambiguous
)

var names = [...]string{"unknown", "transient", "rate_limited", "invalid", "denied", "not_found", "conflict", "unsupported", "ambiguous"}

// String returns the kind's stable name, as it stands in logs, metrics and the API.
func (k Kind) String() string {
	if int(k) < len(names) {
		return names[k]
	}
	return names[0]
}

// Error is the one error type. Build it with New or Wrap.
type Error struct {
	Kind Kind
	// Code is a stable machine-readable word or a vendor's own code ("21610", "5.1.1").
	Code string
	// Field names the offending input field, as "messages[3].author.kind"; may be empty.
	Field string
	// Detail is a short safe text for people; may be empty.
	Detail string
	// RetryAfter is how long the other side asked us to wait; 0 if it did not say.
	RetryAfter time.Duration
	// Tries is how many tries in all are worth it while the answer is the same; 0 if
	// nothing but age limits them.
	Tries int
	// Narrow is true when it is about the recipient's domain alone, and everything else
	// at the account may go on.
	Narrow bool

	err error
}

// New returns a fault with a safe text.
func New(kind Kind, code, detail string) *Error {
	return &Error{Kind: kind, Code: code, Detail: detail}
}

// Wrap returns a fault that keeps err for errors.Is and errors.As. The text of err
// does not become part of the fault's text, because it may hold what must not be shown.
func Wrap(kind Kind, code, detail string, err error) *Error {
	return &Error{Kind: kind, Code: code, Detail: detail, err: err}
}

// After returns a copy that asks for a pause of d.
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// AtMost returns a copy that is worth so many tries in all.
func (e *Error) AtMost(tries int) *Error {
	c := *e
	c.Tries = tries
	return &c
}

// Narrowly returns a copy that is about the recipient's domain alone.
func (e *Error) Narrowly() *Error {
	c := *e
	c.Narrow = true
	return &c
}

// At returns a copy that names the offending field.
func (e *Error) At(field string) *Error {
	c := *e
	c.Field = field
	return &c
}

// Error returns "detail (kind, code)", with the field in front where there is one.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Field != "" {
		b.WriteString(e.Field + ": ")
	}
	if e.Detail != "" {
		b.WriteString(e.Detail + " ")
	}
	if e.Code != "" {
		fmt.Fprintf(&b, "(%s, %s)", e.Kind, e.Code)
	} else {
		fmt.Fprintf(&b, "(%s)", e.Kind)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.err }

// KindOf returns the kind of the first fault in err's chain, Transient for any other
// error, and 0 for nil.
func KindOf(err error) Kind {
	if err == nil {
		return 0
	}
	if f, ok := errors.AsType[*Error](err); ok {
		return f.Kind
	}
	return Transient
}

// Is reports whether err's chain holds a fault of the kind.
func Is(err error, kind Kind) bool {
	f, ok := errors.AsType[*Error](err)
	return ok && f.Kind == kind
}

// RetryAfterOf returns how long the other side asked us to wait, or 0.
func RetryAfterOf(err error) time.Duration {
	if f, ok := errors.AsType[*Error](err); ok {
		return f.RetryAfter
	}
	return 0
}

// TriesOf returns how many tries in all are worth it, 0 for any number.
func TriesOf(err error) int {
	if f, ok := errors.AsType[*Error](err); ok {
		return f.Tries
	}
	return 0
}

// IsNarrow reports whether an error is about the recipient's domain alone.
func IsNarrow(err error) bool {
	f, ok := errors.AsType[*Error](err)
	return ok && f.Narrow
}

// CodeOf returns the code of the first fault in err's chain, or "".
func CodeOf(err error) string {
	if f, ok := errors.AsType[*Error](err); ok {
		return f.Code
	}
	return ""
}

// FieldOf returns the field that the first fault in err's chain names, or "".
func FieldOf(err error) string {
	if f, ok := errors.AsType[*Error](err); ok {
		return f.Field
	}
	return ""
}
