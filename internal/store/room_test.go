package store_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store"
)

// huge is a chat that hardly can be compressed.
func huge(id string) chat.Snapshot {
	s := snapshot(id, 1)
	var noise strings.Builder
	for range 3 << 20 {
		noise.WriteByte(byte('0' + rand.IntN(64)))
	}
	s.Messages[0].Text = noise.String()
	return s
}

func TestHugeChatsAreWorkedOnOneAfterAnother(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var claims []*store.Claimed
	for _, s := range []chat.Snapshot{huge("one"), huge("two"), snapshot("small", 1)} {
		claims = append(claims, r.claim(r.mustEnd(s)[chat.EmailTranscript]))
	}
	one, two, small := claims[0], claims[1], claims[2]
	for range 2 { // the same again takes no more room
		if s := r.frozen(one); len(s.Messages[0].Text) != 3<<20 {
			t.Fatalf("the first has %d bytes", len(s.Messages[0].Text))
		}
	}
	soon, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if _, err := r.Frozen(soon, two); !fault.Is(err, fault.Transient) || fault.CodeOf(err) != "no_room" {
		t.Errorf("the second beside the first: %v", err)
	}
	r.frozen(small)
	time.AfterFunc(50*time.Millisecond, one.Done)
	if s := r.frozen(two); len(s.Messages[0].Text) != 3<<20 {
		t.Error("the second is not itself")
	}
	two.Done()
	two.Done()
	r.frozen(one)
}
