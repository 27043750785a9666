package connectors_test

import (
	"strings"
	"testing"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
)

const markKey = "0123456789abcdef0123456789abcdef"

func TestAReturnPathIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	key, err := chat.ParseKey(markKey)
	if err != nil {
		t.Fatal(err)
	}
	const base = "bounces@acme.example"
	for _, tag := range []string{"abcdefgh2345", ""} {
		address := connectors.ReturnPath(base, connectors.BounceMark{Key: key, Tag: tag})
		for _, spelled := range []string{address, strings.ToUpper(address)} {
			text, ok := connectors.CutReturnPath(base, spelled)
			if !ok {
				t.Fatalf("%s is not seen as one of %s", spelled, base)
			}
			mark, ok := connectors.ParseBounceMark(text)
			if !ok || mark.Key != key || mark.Tag != tag {
				t.Errorf("%s reads as %v, %v", spelled, mark, ok)
			}
		}
	}
}

func TestAMessageIDIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	key, err := chat.ParseKey(markKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"abcdefgh2345", ""} {
		id := connectors.MessageID(connectors.BounceMark{Key: key, Tag: tag}, "acme.example")
		for _, spelled := range []string{id, strings.ToUpper(id), strings.Trim(id, "<>")} {
			if m, ok := connectors.MessageMark(spelled); !ok || m.Key != key || m.Tag != tag {
				t.Errorf("%s reads as %v, %v", spelled, m, ok)
			}
		}
	}
	for _, id := range []string{"", "<>", "<@acme.example>", "<hello@example.com>", "<" + markKey + ".short@acme.example>", "<x" + markKey + "@acme.example>"} {
		if m, ok := connectors.MessageMark(id); ok {
			t.Errorf("%q reads as %v", id, m)
		}
	}
}

func TestTheLongestReturnPathFitsAnEnvelope(t *testing.T) {
	t.Parallel()
	base := strings.Repeat("b", connectors.MaxReturnLocal) + "@acme.example"
	address := connectors.ReturnPath(base, connectors.BounceMark{Tag: strings.Repeat("t", connectors.BounceTagLength)})
	if n := strings.IndexByte(address, '@'); n != 64 {
		t.Errorf("the local part has %d octets, want the 64 that there may be", n)
	}
}

func TestOtherAddressesAreNoReturnPaths(t *testing.T) {
	t.Parallel()
	const base = "bounces@acme.example"
	for address, want := range map[string]bool{
		"bounces@acme.example":          true,
		"Bounces@ACME.example":          true,
		"bounces+anything@acme.example": true,
		"bounces@bolt.example":          false,
		"bounces+x@bolt.example":        false,
		"bounces2@acme.example":         false,
		"bounces-x@acme.example":        false,
		"ounces@acme.example":           false,
		"bounce@acme.example":           false,
		"acme.example":                  false,
		"@acme.example":                 false,
		"":                              false,
	} {
		if _, ok := connectors.CutReturnPath(base, address); ok != want {
			t.Errorf("%q: %v, want %v", address, ok, want)
		}
	}
	for _, mark := range []string{"", markKey[1:], markKey + "a", "z" + markKey[1:], markKey + ".", markKey + ".short", markKey + ".abcdefgh23456"} {
		if m, ok := connectors.ParseBounceMark(mark); ok {
			t.Errorf("%q reads as %v", mark, m)
		}
	}
}
