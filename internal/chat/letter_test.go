package chat_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

// snapshotWith is a snapshot of one message, with more members of the snapshot and of
// the message.
func snapshotWith(more, moreOfMessage string) string {
	return `{"id":"c","started_at":"2026-11-20T09:12:03Z","messages":[{"id":"m","at":"2026-11-20T09:12:03Z","author":{"kind":"user"},"text":"hello"` +
		moreOfMessage + `}]` + more + `}`
}

func TestAFieldThatStandsTwiceIsRefused(t *testing.T) {
	t.Parallel()
	const message = `{"id":"m0","at":"2026-11-20T09:12:03Z","author":{"kind":"agent","id":"a1"},"text":"old","attachments":[{"id":"f"}]}`
	for name, c := range map[string]struct{ body, field string }{
		"two lists of messages":          {snapshotWith(`,"messages":[`+message+`]`, ``), "messages"},
		"two users":                      {snapshotWith(`,"user":{"name":"Ann","email":"ann@example.com"},"user":{"name":"Bo"}`, ``), "user"},
		"the same twice":                 {snapshotWith(`,"id":"c"`, ``), "id"},
		"nothing and then something":     {snapshotWith(`,"outcome":null,"outcome":"resolved"`, ``), "outcome"},
		"two texts of a message":         {snapshotWith(``, `,"text":"other"`), "messages[0].text"},
		"two kinds of an author":         {snapshotWith(`,"notes":[],"agents":[{"id":"a"},{"id":"b","id":"c"}]`, ``), "agents[1].id"},
		"two URLs of an attachment":      {snapshotWith(``, `,"attachments":[{"id":"f","url":"https://a.example","url":"https://b.example"}]`), "messages[0].attachments[0].url"},
		"a time that is none and one":    {snapshotWith(`,"ended_at":"soon","ended_at":"2026-11-20T09:12:03Z"`, ``), "ended_at"},
		"two types of an event":          {snapshotWith(``, `,"event":{"type":"a","type":"b"}`), "messages[0].event.type"},
		"two ids in one system":          {snapshotWith(`,"user":{"external_ids":{"zendesk":"1","rt":"2","zendesk":"3"}}`, ``), "user.external_ids"},
		"a name and the same in escapes": {snapshotWith(``, `,"\u0074ex\u0074":"other"`), "messages[0].text"},
		"the first of several":           {snapshotWith(`,"id":"d","outcome":"resolved","outcome":"resolved"`, `,"text":"x"`), "messages[0].text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := chat.ParseSnapshot([]byte(c.body))
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Kind != fault.Invalid || f.Code != "duplicate_field" || f.Field != c.field {
				t.Fatalf("got %v, want a duplicate at %s", err, c.field)
			}
		})
	}
}

func TestWhatIsNotJSONIsThatBeforeItHasFieldsTwice(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"id":"c","id":"d"`:           "malformed_json",
		`{"id":"c","id":"d"} {}`:       "malformed_json",
		`{"id":"c","id":"d","user":5}`: "duplicate_field",
	} {
		if _, _, err := chat.ParseSnapshot([]byte(body)); fault.CodeOf(err) != want {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
}

func TestFieldsAreKnownByTheLetter(t *testing.T) {
	t.Parallel()
	plain, _, err := chat.ParseSnapshot([]byte(snapshotWith(``, ``)))
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{
		"no messages in capitals":       snapshotWith(`,"MESSAGES":[]`, ``),
		"an outcome of another type":    snapshotWith(`,"Outcome":5`, ``),
		"a text in capitals":            snapshotWith(``, `,"Text":"other"`),
		"the same in escapes":           snapshotWith(``, `,"\u0054ext":"other"`),
		"letters that fold":             snapshotWith(`,"me\u017f\u017fages":[],"meſſages":[]`, ``),
		"an author by another name":     snapshotWith(``, `,"Author":{"kind":"robot"},"AUTHOR":null`),
		"the same unknown field twice":  snapshotWith(`,"odd":1,"odd":2`, `,"odd":{"id":"x","id":"y"}`),
		"quotes before it":              snapshotWith(``, `,"odd":"a \\\" b \"","Text":"other","ODD":"\\","TEXT":"other"`),
		"numbers before it":             snapshotWith(``, `,"odd":{"a":[1,{"b":2}]},"Text":"other"`),
		"twice in an unknown field":     snapshotWith(`,"odd":[{"id":"x","id":"y"}]`, ``),
		"an unknown field in brackets":  snapshotWith(`,"odd":"]}\"[{\\","more":[[],{"a":{"b":["}"]}}]`, ``),
		"space wherever JSON allows it": " { \"id\" :\t\"c\" , \"started_at\":\r\n\"2026-11-20T09:12:03Z\",\"messages\" : [ { \"id\" : \"m\" , \"at\":\"2026-11-20T09:12:03Z\",\"author\":{ \"kind\" : \"user\" } , \"text\" : \"hello\" } ] } ",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, raw, err := chat.ParseSnapshot([]byte(body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(plain, s); diff != "" {
				t.Error(diff)
			}
			if string(raw) != body {
				t.Errorf("what is kept is not what came: %s", raw)
			}
		})
	}
}

// FuzzDecode holds Decode to a slower reading of the same body, that works on what
// encoding/json makes of it without a type.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		snapshotWith(`,"MESSAGES":[],"messages":{},"odd":{"a":1,"a":2}`, `,"text":"x","Text":"y"`),
		snapshotWith(`,"user":{"external_ids":{"a":"1","\u0061":"2"},"Email":"x"},"Outcome":5`, ``),
		`{"id":"c","agents":[{"id":"a","ID":"b"}],"form":null,"flags":[null,{}]}`,
		` { "messages" : [ { "event" : { "type" : "x" , "type" : "y" } } ] } `,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		body = chat.Sanitize(body)
		var got chat.Snapshot
		err := chat.Decode(body, &got)
		if !json.Valid(body) {
			if fault.CodeOf(err) != "malformed_json" {
				t.Fatalf("what is not JSON is %v", err)
			}
			return
		}
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		known, twice := byTheLetter(d, reflect.TypeFor[chat.Snapshot]())
		raw, marshalErr := json.Marshal(known)
		if marshalErr != nil {
			t.Fatal(marshalErr)
		}
		var want chat.Snapshot
		wrong := json.Unmarshal(raw, &want)
		if fields, ok := known.(map[string]any); !ok || fields == nil {
			if fault.CodeOf(err) != "malformed_json" {
				t.Fatalf("what is no object is %v", err)
			}
			return
		}
		switch {
		case fault.CodeOf(err) == "duplicate_field":
			if !twice {
				t.Fatalf("nothing stands twice, but %v", err)
			}
		case err != nil:
			if wrong == nil || twice {
				t.Fatalf("nothing is wrong, but %v", err)
			}
		case twice:
			t.Fatal("something stands twice, and is taken")
		case wrong != nil || !reflect.DeepEqual(got, want):
			t.Fatalf("got %+v, want %+v, %v", got, want, wrong)
		}
	})
}

// byTheLetter reads the next value as a type has it, without the members that the type
// does not know by their exact names, and reports whether a known one stands twice.
func byTheLetter(d *json.Decoder, t reflect.Type) (value any, twice bool) {
	token, err := d.Token()
	if err != nil {
		panic(fmt.Sprint("valid JSON, but ", err))
	}
	if t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch token {
	case json.Delim('{'):
		object := map[string]any{}
		for d.More() {
			key, _ := d.Token()
			name := key.(string)
			of, known := member(t, name)
			v, again := byTheLetter(d, of)
			_, had := object[name]
			if known {
				object[name] = v
				twice = twice || had || again
			}
		}
		_, _ = d.Token()
		return object, twice
	case json.Delim('['):
		list := []any{}
		for d.More() {
			var of reflect.Type
			if t != nil && t.Kind() == reflect.Slice {
				of = t.Elem()
			}
			v, again := byTheLetter(d, of)
			list, twice = append(list, v), twice || again
		}
		_, _ = d.Token()
		return list, twice
	}
	return token, false
}

// member is the type of a struct's field or of a map's values; known tells whether the
// type has such a member.
func member(t reflect.Type, name string) (of reflect.Type, known bool) {
	if t == nil {
		return nil, false
	}
	switch t.Kind() {
	case reflect.Map:
		return t.Elem(), true
	case reflect.Struct:
		for f := range t.Fields() {
			if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag != "" && tag == name {
				return f.Type, true
			}
		}
	default:
	}
	return nil, false
}
