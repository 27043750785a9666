package intake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/intake"
	"github.com/afterchat/afterchat/internal/signing"
	"github.com/afterchat/afterchat/internal/store"
	"github.com/afterchat/afterchat/internal/testenv"
)

type settings struct{ connectors.Common }

func (settings) Identity() string { return "account" }

func newIntake(t *testing.T) (*intake.Intake, *config.Organization, *int) {
	t.Helper()
	s, err := store.Open(t.Context(), testenv.Postgres(t), chat.Terms{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	keys, err := signing.New([]connectors.Secret{"a-secret-of-thirty-two-bytes-or-more"})
	if err != nil {
		t.Fatal(err)
	}
	fetched := 0
	return &intake.Intake{
			Store: s, Keys: keys, PublicURL: "https://after.example", Wake: func() {},
			Number: func(_ *config.Organization, raw string) (string, error) {
				if !strings.HasPrefix(raw, "0") {
					return "", fault.New(fault.Invalid, "bad_number", "")
				}
				return "+46" + raw[1:], nil
			},
			Opened: func(context.Context, string, string) { fetched++ },
		}, &config.Organization{
			ID: "acme", SMS: settings{}, Links: &config.Links{Target: "https://acme.example", Secret: "another-secret-of-32-bytes-or-more", TTL: config.Duration(time.Hour)},
		}, &fetched
}

func TestALinkRequestThatIsWrongNamesItsFieldAndMakesNothing(t *testing.T) {
	t.Parallel()
	in, o, _ := newIntake(t)
	for body, field := range map[string]string{
		`{"conversation":"c"}`:                                                                             "purpose",
		`{"purpose":"other","conversation":"c"}`:                                                           "purpose",
		`{"purpose":"resume"}`:                                                                             "conversation",
		`{"purpose":"resume","conversation":7}`:                                                            "conversation",
		`{"purpose":"resume","conversation":"c","expires_in":"soon"}`:                                      "expires_in",
		`{"purpose":"resume","conversation":"c","expires_in":"-1h"}`:                                       "expires_in",
		`{"purpose":"resume","conversation":"c","send":{"channel":"fax","to":"1"}}`:                        "send.channel",
		`{"purpose":"resume","conversation":"c","send":{"channel":"email","to":"a@b.example"}}`:            "send.channel", // no mail is configured
		`{"purpose":"resume","conversation":"c","assign_to":{"agent":"a","group":"g"}}`:                    "assign_to",
		`{"purpose":"resume","conversation":"c","assign_to":{"group":"` + strings.Repeat("g", 256) + `"}}`: "assign_to",
	} {
		if _, err := in.Link(t.Context(), o, []byte(body), "k"); fault.FieldOf(err) != field {
			t.Errorf("%s: %v, want %s", body, err, field)
		}
	}
	if links, err := in.Store.Links(t.Context(), "acme", "c"); err != nil || len(links) != 0 {
		t.Errorf("%d links, %v", len(links), err)
	}
}

func TestTheSameLinkRequestAgainIsTheSameLink(t *testing.T) {
	t.Parallel()
	in, o, _ := newIntake(t)
	body := []byte(`{"purpose":"resume","conversation":"c","send":{"channel":"sms","to":"0701234567"}}`)
	first, err := in.Link(t.Context(), o, body, "k")
	if err != nil {
		t.Fatal(err)
	}
	second, err := in.Link(t.Context(), o, body, "k")
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("%s\nand then\n%s, %v", first, second, err)
	}
	other, err := in.Link(t.Context(), o, body, "another key")
	if err != nil || bytes.Equal(first, other) {
		t.Errorf("another key is the same link, %v", err)
	}
	var answer intake.LinkAnswer
	if err := json.Unmarshal(first, &answer); err != nil {
		t.Fatal(err)
	}
	token := strings.TrimPrefix(answer.URL, "https://after.example/r/")
	if l, err := in.Store.LinkByToken(t.Context(), signing.LinkHash(token)); err != nil || l.ID != answer.ID {
		t.Errorf("its token leads to %+v, %v", l, err)
	}
}

func TestANumberThatIsNoGoodSuppressesTheMessageAndTheLinkWorks(t *testing.T) {
	t.Parallel()
	in, o, _ := newIntake(t)
	raw, err := in.Link(t.Context(), o, []byte(`{"purpose":"resume","conversation":"c","send":{"channel":"sms","to":"nonsense"}}`), "")
	if err != nil {
		t.Fatal(err)
	}
	var answer intake.LinkAnswer
	if err := json.Unmarshal(raw, &answer); err != nil {
		t.Fatal(err)
	}
	key, err := chat.ParseKey(*answer.Delivery)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := in.Store.Delivery(t.Context(), "acme", key); err != nil || d.State != chat.Suppressed || d.Error != "bad_number" {
		t.Errorf("%s (%s), %v", d.State, d.Error, err)
	}
}

func TestABodyThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	in, o, _ := newIntake(t)
	_, _, err := in.End(t.Context(), o, "c", make([]byte, intake.MaxBody+1))
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != "body_too_large" {
		t.Errorf("got %v", err)
	}
}

func TestAChatThatOpensHasItsUsersTicketsFetchedWhenItChanges(t *testing.T) {
	t.Parallel()
	in, o, fetched := newIntake(t)
	known := []byte(`{"id":"c","started_at":"2026-11-20T09:12:03Z","messages":[{"id":"m1","at":"2026-11-20T09:12:03Z","author":{"kind":"user"}}],"user":{"email":"ann@example.com"}}`)
	for _, body := range [][]byte{known, []byte(`{"id":"c","started_at":"2026-11-20T09:12:03Z","messages":[]}`)} {
		if err := in.Open(t.Context(), o, "c", body); err != nil {
			t.Fatal(err)
		}
	}
	if *fetched != 1 {
		t.Errorf("fetched %d times", *fetched)
	}
	if err := in.Open(t.Context(), o, "d", []byte(`{"id":"d","started_at":"2026-11-20T09:12:03Z","messages":[]}`)); err != nil || *fetched != 1 {
		t.Errorf("somebody unknown: fetched %d times, %v", *fetched, err)
	}
}
