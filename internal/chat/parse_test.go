package chat_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

func TestParseSnapshotRefusesWhatTheChatCoreGotWrong(t *testing.T) {
	t.Parallel()
	const at = `"2026-11-20T09:12:03Z"`
	for name, c := range map[string]struct{ body, code, field string }{
		"not JSON":                        {`{"id":`, "malformed_json", ""},
		"not an object":                   {`[1]`, "malformed_json", ""},
		"null":                            {`null`, "malformed_json", ""},
		"two objects":                     {`{"id":"c","started_at":` + at + `,"messages":[]} {}`, "malformed_json", ""},
		"no id":                           {`{"started_at":` + at + `,"messages":[]}`, "invalid_field", "id"},
		"an id that is a number":          {`{"id":7,"started_at":` + at + `,"messages":[]}`, "invalid_field", "id"},
		"an endless id":                   {`{"id":"` + strings.Repeat("x", 256) + `","started_at":` + at + `,"messages":[]}`, "invalid_field", "id"},
		"no start":                        {`{"id":"c","messages":[]}`, "invalid_field", "started_at"},
		"a start that is no time":         {`{"id":"c","started_at":"yesterday","messages":[]}`, "invalid_field", "started_at"},
		"a start that is a number":        {`{"id":"c","started_at":5,"messages":[]}`, "invalid_field", "started_at"},
		"no messages":                     {`{"id":"c","started_at":` + at + `}`, "invalid_field", "messages"},
		"messages that are no list":       {`{"id":"c","started_at":` + at + `,"messages":{}}`, "invalid_field", "messages"},
		"a message without an id":         {`{"id":"c","started_at":` + at + `,"messages":[{"at":` + at + `,"author":{"kind":"user"}}]}`, "invalid_field", "messages[0].id"},
		"a message at no time":            {`{"id":"c","started_at":` + at + `,"messages":[{"id":"m","author":{"kind":"user"}}]}`, "invalid_field", "messages[0].at"},
		"a message at a bad time":         {`{"id":"c","started_at":` + at + `,"messages":[{"id":"m","at":"x","author":{"kind":"user"}}]}`, "invalid_field", "messages[0].at"},
		"a text that is a number":         {`{"id":"c","started_at":` + at + `,"messages":[{"id":"a","at":` + at + `,"author":{"kind":"user"}},{"id":"m","text":3,"at":` + at + `,"author":{"kind":"user"}}]}`, "invalid_field", "messages[1].text"},
		"an unknown kind of author":       {`{"id":"c","started_at":` + at + `,"messages":[{"id":"m","at":` + at + `,"author":{"kind":"robot"}}]}`, "invalid_field", "messages[0].author.kind"},
		"an author kind that is a list":   {`{"id":"c","started_at":` + at + `,"messages":[{"id":"m","at":` + at + `,"author":{"kind":[]}}]}`, "invalid_field", "messages[0].author.kind"},
		"one id for two messages":         {`{"id":"c","started_at":` + at + `,"messages":[{"id":"m","at":` + at + `,"author":{"kind":"user"},"text":"a"},{"id":"m","at":` + at + `,"author":{"kind":"user"},"text":"b"}]}`, "invalid_field", "messages[1].id"},
		"an unknown outcome":              {`{"id":"c","started_at":` + at + `,"messages":[],"outcome":"fine"}`, "invalid_field", "outcome"},
		"an episode that no int32 holds":  {`{"id":"c","started_at":` + at + `,"messages":[],"episode":4294967297}`, "invalid_field", "episode"},
		"a negative episode":              {`{"id":"c","started_at":` + at + `,"messages":[],"episode":-1}`, "invalid_field", "episode"},
		"an external id that is a number": {`{"id":"c","started_at":` + at + `,"messages":[],"user":{"external_ids":{"zd":3}}}`, "invalid_field", "user.external_ids"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := chat.ParseSnapshot([]byte(c.body))
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Kind != fault.Invalid || f.Code != c.code || f.Field != c.field {
				t.Fatalf("got %v (%+v), want code %s at %q", err, f, c.code, c.field)
			}
		})
	}
}

func TestParseSnapshotTakesWhateverPeopleTyped(t *testing.T) {
	t.Parallel()
	body := `{"id":"c","started_at":"2026-11-20T09:12:03Z","odd":"\u0000","user":{"email":"no address","phone":"12"},"messages":[
	 {"id":"m2","at":"2026-11-20T09:12:05Z","author":{"kind":"user"},"text":"second \ud800 \u0000 \\u0000 \ud83d\ude00"},
	 {"id":"m1","at":"2026-11-20T09:12:04Z","author":{"kind":"user"},"text":"first"},
	 {"id":"m3","at":"2026-11-20T09:12:05Z","author":{"kind":"user"},"text":"` + "\xff" + `"}]}`
	s, raw, err := chat.ParseSnapshot([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, m := range s.Messages {
		texts = append(texts, m.Text)
	}
	if got, want := strings.Join(texts, "|"), "first|second \uFFFD \uFFFD \\u0000 \U0001F600|\uFFFD"; got != want {
		t.Errorf("texts are %q, want %q", got, want)
	}
	if s.Episode != 1 || s.User.Email != "no address" {
		t.Errorf("episode %d, email %q", s.Episode, s.User.Email)
	}
	if !strings.Contains(string(raw), `"odd":"\ufffd"`) {
		t.Errorf("the unknown field was not kept and sanitised: %s", raw)
	}
}

func TestDigestComparesContentOnly(t *testing.T) {
	t.Parallel()
	const head = `{"id":"c","started_at":"2026-11-20T09:12:03Z","messages":[{"id":"m","at":"2026-11-20T09:12:05Z","author":{"kind":"user"},"text":`
	digest := func(body string) string {
		s, _, err := chat.ParseSnapshot([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return string(s.Digest())
	}
	one := digest(head + `"a","attachments":[{"id":"f","url":"https://x/1"}]}]}`)
	if two := digest(head + `"a","attachments":[{"url":"https://x/2","id":"f"}],"new":1}],"more":true,"episode":1}`); one != two {
		t.Error("an attachment's URL, the order of fields or an unknown field made a difference")
	}
	if three := digest(head + `"b","attachments":[{"id":"f"}]}]}`); one == three {
		t.Error("another text made no difference")
	}
}

func TestDigestLeavesOutWherePhotosAre(t *testing.T) {
	t.Parallel()
	s := chat.Snapshot{Agents: []chat.Agent{{ID: "a", Name: "Bo", PhotoURL: "https://x/1"}}}
	again := chat.Snapshot{Agents: []chat.Agent{{ID: "a", Name: "Bo", PhotoURL: "https://x/2"}}}
	if string(s.Digest()) != string(again.Digest()) {
		t.Error("a photo's URL made a difference")
	}
	if s.Agents[0].PhotoURL == "" {
		t.Error("the snapshot itself was changed")
	}
}

func TestWhatComesAfterTheChatNamesAnEpisodeThatThereCanBe(t *testing.T) {
	t.Parallel()
	for _, episode := range []string{"-1", "1000001", "4294967297"} {
		body := []byte(`{"id":"n","text":"a","episode":` + episode + `}`)
		_, note := chat.ParseNote(body, time.Now())
		_, contact := chat.ParseContact(body)
		for what, err := range map[string]error{"note": note, "contact": contact} {
			if fault.CodeOf(err) != "invalid_field" || fault.FieldOf(err) != "episode" {
				t.Errorf("a %s of episode %s: %v", what, episode, err)
			}
		}
	}
}

// PostgreSQL keeps microseconds: what is answered has to be what is kept.
func TestANotesTimeIsOneThatCanBeKept(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 9, 12, 3, 123456789, time.UTC)
	kept := time.Date(2026, 11, 20, 9, 12, 3, 123456000, time.UTC)
	for _, body := range []string{`{"id":"n"}`, `{"id":"n","at":"2026-11-20T09:12:03.123456789Z"}`} {
		if n, err := chat.ParseNote([]byte(body), now); err != nil || !n.At.Equal(kept) {
			t.Errorf("%s is of %s, %v", body, n.At, err)
		}
	}
}

func FuzzParseSnapshot(f *testing.F) {
	f.Add([]byte(`{"id":"c","started_at":"2026-11-20T09:12:03Z","messages":[]}`))
	f.Add([]byte(`{"a":"\ud800\u0000\\u0000"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		s, raw, err := chat.ParseSnapshot(body)
		if err != nil {
			return
		}
		again, _, err := chat.ParseSnapshot(raw)
		if err != nil || string(again.Digest()) != string(s.Digest()) {
			t.Fatalf("the sanitised JSON reads differently: %v", err)
		}
	})
}
