package chat_test

import (
	"testing"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

func TestAKeyDependsOnEachOfItsPartsAndOnNothingElse(t *testing.T) {
	t.Parallel()
	seen := map[chat.Key]bool{}
	for _, k := range []chat.Key{
		chat.NewKey("acme", "c", 1, chat.FileTicket, ""),
		chat.NewKey("bolt", "c", 1, chat.FileTicket, ""),
		chat.NewKey("acme", "d", 1, chat.FileTicket, ""),
		chat.NewKey("acme", "c", 2, chat.FileTicket, ""),
		chat.NewKey("acme", "c", 1, chat.AttachNotes, ""),
		chat.NewKey("acme", "c", 1, chat.FileTicket, "x"),
		chat.NewKey("acmec", "", 1, chat.FileTicket, ""),
		chat.NewKey("", "acmec", 1, chat.FileTicket, ""),
	} {
		if seen[k] {
			t.Errorf("%s stands for two effects", k)
		}
		seen[k] = true
		if again, err := chat.ParseKey(k.String()); err != nil || again != k {
			t.Errorf("%s comes back as %s, %v", k, again, err)
		}
	}
	// Keys outlive everything: this one must never change.
	if got := chat.NewKey("acme", "c_8412", 1, chat.FileTicket, "").String(); got != "57508c3c1378f1302708a986ba9c42a8" {
		t.Errorf("the key of acme's first ticket is now %s", got)
	}
	for _, bad := range []string{"", "00", "0123456789abcdef0123456789abcdeg", "0123456789abcdef0123456789abcdef0"} {
		if _, err := chat.ParseKey(bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q is taken for a key: %v", bad, err)
		}
	}
}
