package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/afterchat/afterchat/internal/fault"
)

// Limits of identifiers and of the numbers of things, which no real chat comes near.
const (
	maxID = 255 // bytes
	// MaxEpisode is the highest number that an episode may have.
	MaxEpisode = 1_000_000
)

// ParseSnapshot reads a snapshot as the chat core sends it. It refuses what the chat
// core got wrong, with a fault of kind Invalid that names the field, and takes whatever
// people typed: messages are sorted by time (stably), and text that PostgreSQL cannot
// hold becomes U+FFFD. It returns the snapshot and the sanitised JSON, unknown fields
// included.
func ParseSnapshot(raw []byte) (Snapshot, []byte, error) {
	raw = Sanitize(raw)
	var s Snapshot
	if err := Decode(raw, &s); err != nil {
		return Snapshot{}, nil, err
	}
	if err := s.check(); err != nil {
		return Snapshot{}, nil, err
	}
	s.normalize()
	return s, raw, nil
}

// ParseNote reads a note that comes by itself. A note without a time is of now.
func ParseNote(raw []byte, now time.Time) (Note, error) {
	var n Note
	if err := Decode(Sanitize(raw), &n); err != nil {
		return Note{}, err
	}
	if err := checkID(n.ID, "id"); err != nil {
		return Note{}, err
	}
	if n.Episode < 0 || n.Episode > MaxEpisode {
		return Note{}, invalid("episode", "is out of range")
	}
	if n.At.IsZero() {
		n.At = now
	}
	// PostgreSQL keeps microseconds; what is answered is what is kept.
	n.At = n.At.Truncate(time.Microsecond)
	return n, checkTime(n.At, "at")
}

// ParseContact reads contact data that came after the chat.
func ParseContact(raw []byte) (Contact, error) {
	var c Contact
	if err := Decode(Sanitize(raw), &c); err != nil {
		return Contact{}, err
	}
	if err := checkID(c.ID, "id"); err != nil {
		return Contact{}, err
	}
	if c.Episode < 0 || c.Episode > MaxEpisode {
		return Contact{}, invalid("episode", "is out of range")
	}
	return c, nil
}

// Decode reads one JSON object into a struct and names the field that does not fit.
// Fields are known by their exact names, and unknown ones are ignored; a known one that
// stands twice in an object is refused (duplicate_field). The fault never quotes the
// input.
func Decode(raw []byte, into any) error {
	t := reflect.TypeOf(into).Elem()
	raw, twice := byTheLetter(raw, t)
	err := json.Unmarshal(raw, into)
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fault.New(fault.Invalid, "malformed_json", "the body is not JSON, or more than one value")
	}
	if twice != "" {
		return fault.New(fault.Invalid, "duplicate_field", "stands twice in one object").At(twice)
	}
	if err != nil {
		return misfit(raw, t, err)
	}
	if !bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("{")) {
		return fault.New(fault.Invalid, "malformed_json", "the body is not a JSON object")
	}
	return nil
}

// misfit names the field whose value is of another type.
func misfit(raw []byte, t reflect.Type, err error) error {
	typeErr, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok { // the one type that decodes itself
		return invalid(locate(raw, t, ""), "is not a time as in RFC 3339")
	}
	field := locate(raw, t, typeErr.Field)
	if field == "" {
		return fault.New(fault.Invalid, "malformed_json", "the body is not a JSON object")
	}
	return invalid(field, "is a JSON "+strings.SplitN(typeErr.Value, " ", 2)[0]+", which it must not be")
}

// locate finds the first field that does not fit its type, with the index of the list
// element. encoding/json names neither indices nor the fields of types that decode
// themselves. It returns fallback when every field fits.
func locate(raw []byte, t reflect.Type, fallback string) string {
	var fields map[string]json.RawMessage
	if t.Kind() != reflect.Struct || json.Unmarshal(raw, &fields) != nil {
		return fallback
	}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		value, ok := fields[name]
		if !ok || json.Unmarshal(value, reflect.New(f.Type).Interface()) == nil {
			continue
		}
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			return join(name, locate(value, inner, ""))
		}
		var items []json.RawMessage
		if inner.Kind() != reflect.Slice || json.Unmarshal(value, &items) != nil {
			return name
		}
		for i, item := range items {
			if json.Unmarshal(item, reflect.New(inner.Elem()).Interface()) != nil {
				return join(name+"["+strconv.Itoa(i)+"]", locate(item, inner.Elem(), ""))
			}
		}
	}
	return fallback
}

func join(outer, inner string) string {
	if inner == "" {
		return outer
	}
	return outer + "." + inner
}

func (s *Snapshot) check() error {
	if err := checkID(s.ID, "id"); err != nil {
		return err
	}
	if s.Episode < 0 || s.Episode > MaxEpisode {
		return invalid("episode", "is out of range")
	}
	if s.StartedAt.IsZero() {
		return invalid("started_at", "is missing")
	}
	if err := checkTime(s.StartedAt, "started_at"); err != nil {
		return err
	}
	if err := checkTime(s.EndedAt, "ended_at"); err != nil {
		return err
	}
	if s.Messages == nil {
		return invalid("messages", "is missing")
	}
	for i, a := range s.Agents {
		if err := checkID(a.ID, index("agents", i, "id")); err != nil {
			return err
		}
	}
	if err := checkMessages(s.Messages); err != nil {
		return err
	}
	seen := make(map[string]Note, len(s.Notes))
	for i, n := range s.Notes {
		if err := checkID(n.ID, index("notes", i, "id")); err != nil {
			return err
		}
		if earlier, ok := seen[n.ID]; ok && !sameNote(earlier, n) {
			return invalid(index("notes", i, "id"), "stands twice with different content")
		}
		if err := checkTime(n.At, index("notes", i, "at")); err != nil {
			return err
		}
		seen[n.ID] = n
	}
	for i, f := range s.Flags {
		if f.Code == "" {
			return invalid(index("flags", i, "code"), "is missing")
		}
	}
	if err := oneOf("ended_by", s.EndedBy, "agent", "user", "timeout"); err != nil {
		return err
	}
	return oneOf("outcome", s.Outcome, "resolved", "unresolved", "follow_up")
}

func checkMessages(messages []Message) error {
	seen := make(map[string]int, len(messages))
	for i, m := range messages {
		if err := checkID(m.ID, index("messages", i, "id")); err != nil {
			return err
		}
		switch m.Author.Kind {
		case AuthorUser, AuthorAgent, AuthorAssistant, AuthorSystem:
		case "":
			return invalid(index("messages", i, "author.kind"), "is missing")
		default:
			return invalid(index("messages", i, "author.kind"), "is none of user, agent, assistant, system")
		}
		if m.At.IsZero() {
			return invalid(index("messages", i, "at"), "is missing")
		}
		if err := checkTime(m.At, index("messages", i, "at")); err != nil {
			return err
		}
		if earlier, ok := seen[m.ID]; ok && !sameMessage(messages[earlier], m) {
			return invalid(index("messages", i, "id"), "stands twice with different content")
		}
		seen[m.ID] = i
	}
	return nil
}

// oneOf checks an optional field that has a fixed set of values.
func oneOf(field, value string, values ...string) error {
	if value != "" && !slices.Contains(values, value) {
		return invalid(field, "is none of "+strings.Join(values, ", "))
	}
	return nil
}

// normalize sorts messages and notes by time and drops exact repetitions.
func (s *Snapshot) normalize() {
	s.Episode = max(s.Episode, 1)
	s.Messages = firstOf(s.Messages, func(m Message) string { return m.ID })
	s.Notes = firstOf(s.Notes, func(n Note) string { return n.ID })
	s.Sort()
}

// Sort puts messages and notes in order of time, keeping the given order within one time.
func (s *Snapshot) Sort() {
	slices.SortStableFunc(s.Messages, func(a, b Message) int { return a.At.Compare(b.At) })
	slices.SortStableFunc(s.Notes, func(a, b Note) int { return a.At.Compare(b.At) })
}

func firstOf[T any](list []T, id func(T) string) []T {
	seen := make(map[string]bool, len(list))
	return slices.DeleteFunc(list, func(x T) bool {
		again := seen[id(x)]
		seen[id(x)] = true
		return again
	})
}

func checkID(id, field string) error {
	switch {
	case id == "":
		return invalid(field, "is missing")
	case len(id) > maxID:
		return invalid(field, "is longer than 255 bytes")
	}
	return nil
}

// checkTime refuses a time that has no year between 1 and 9999 in UTC, which neither JSON
// nor a reader could be told. No time at all passes.
func checkTime(at time.Time, field string) error {
	if year := at.UTC().Year(); !at.IsZero() && (year < 1 || year > 9999) {
		return invalid(field, "is outside the years 1 to 9999")
	}
	return nil
}

func invalid(field, detail string) error {
	return fault.New(fault.Invalid, "invalid_field", detail).At(field)
}

func index(list string, i int, field string) string {
	return list + "[" + strconv.Itoa(i) + "]." + field
}
