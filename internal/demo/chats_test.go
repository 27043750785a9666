package demo

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

const (
	lineA = `{"id":"a","started_at":"2026-01-01T00:00:00Z","messages":[],"locale":"en-US","ours":{"kept":true}}`
	lineB = `{"id":"b","started_at":"2026-01-01T00:00:00Z","messages":[],"locale":"de-DE"}`
)

func TestABadLineIsNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, want string }{
		"no JSON":                     {lineA + "\nhello\n", "line 2"},
		"a field of the wrong type":   {lineA + "\n" + lineB + "\n" + `{"id":3}`, "line 3: id"},
		"a missing field":             {`{"id":"a","messages":[]}`, "line 1: started_at"},
		"empty lines are counted":     {"\n\n" + lineA + "\n\n{", "line 5"},
		"a conversation twice":        {lineA + "\n" + lineB + "\n" + lineA, "line 3: id: is the conversation of line 1"},
		"two objects on one line":     {lineA + lineB, "line 1"},
		"nothing at all":              {"\n \n", "no chats"},
		"a message of nobody we know": {strings.Replace(lineA, `[]`, `[{"id":"m","at":"2026-01-01T00:00:00Z","author":{"kind":"cat"}}]`, 1), "line 1: messages[0].author.kind"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := readChats(strings.NewReader(c.file))
			if err == nil || !strings.Contains(err.Error(), c.want) || !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want an Invalid fault with %q", err, c.want)
			}
		})
	}
}

func TestCountTakesTheFirstOrGoesRoundAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		count int
		want  string
	}{
		"none given": {0, "a b"}, "fewer": {1, "a"}, "as many": {2, "a b"}, "more": {5, "a b a~2 b~2 a~3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			samples, err := readChats(strings.NewReader(lineA + "\r\n" + lineB))
			if err != nil {
				t.Fatal(err)
			}
			if samples, err = repeat(samples, c.count); err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, s := range samples {
				ids = append(ids, s.snapshot.ID)
				parsed, _, err := chat.ParseSnapshot(s.raw)
				if err != nil || parsed.ID != s.snapshot.ID {
					t.Errorf("what is handed over is %s (%v), not %s", parsed.ID, err, s.snapshot.ID)
				}
			}
			if got := strings.Join(ids, " "); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestUnknownFieldsAreHandedOver(t *testing.T) {
	t.Parallel()
	samples, err := readChats(strings.NewReader(lineA))
	if err != nil {
		t.Fatal(err)
	}
	if samples, err = repeat(samples, 2); err != nil {
		t.Fatal(err)
	}
	for _, s := range samples {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(s.raw, &fields); err != nil || string(fields["ours"]) != `{"kept":true}` {
			t.Errorf("%s (%v)", s.raw, err)
		}
	}
}

func TestTheRegionIsTheOneThatMostLocalesName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ locales, want string }{
		"languages alone":     {"en de sv", ""},
		"one that says":       {"en de-DE en", "DE"},
		"the most frequent":   {"en-US de-DE en-US", "US"},
		"a tie is settled":    {"en-US de-DE", "DE"},
		"an underscore":       {"nb_NO", "NO"},
		"no locale, no words": {"!! x-klingon", ""},
		"a continent":         {"es-419", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var samples []sample
			for locale := range strings.FieldsSeq(c.locales) {
				samples = append(samples, sample{snapshot: chat.Snapshot{Locale: locale}})
			}
			if got := regionOf(samples); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestOurSampleChatsAreGoodAndDiffer(t *testing.T) {
	t.Parallel()
	tales, err := readStories()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, s := range tales {
		raw, err := json.Marshal(s.Snapshot)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := chat.ParseSnapshot(raw); err != nil || seen[s.Snapshot.ID] {
			t.Errorf("%s: %v", s.Snapshot.ID, err)
		}
		seen[s.Snapshot.ID] = true
	}
	if len(tales) < 5 {
		t.Errorf("%d chats", len(tales))
	}
}
