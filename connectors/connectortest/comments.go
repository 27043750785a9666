package connectortest

import (
	"slices"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

func testComments(t *testing.T, newHarness func(*testing.T) *Harness) {
	h := newHarness(t)
	traits := h.Connector.Traits()
	tests := map[string]func(*testing.T, *Harness){
		"a public comment is there once":     func(t *testing.T, h *Harness) { commentOnce(t, h, true) },
		"a comment is found by its key":      commentFound,
		"an unknown key is not found":        commentNotFound,
		"another ticket's comment is not it": commentElsewhere,
		"a ticket that is gone is not found": commentGone,
	}
	if traits.PrivateComments {
		tests["a private comment is there once and private"] = func(t *testing.T, h *Harness) { commentOnce(t, h, false) }
		tests["a private comment between public ones stays private"] = commentMixed
	}
	for name, text := range texts() {
		tests["a comment keeps "+name] = func(t *testing.T, h *Harness) { commentKeeps(t, h, text) }
	}
	if traits.MaxBody > 0 {
		tests["a comment of MaxBody bytes is kept whole"] = func(t *testing.T, h *Harness) { commentKeeps(t, h, bodyOf(traits.MaxBody)) }
	}
	if traits.Files {
		tests["a file is attached to a comment"] = commentFile
	}
	if h.CloseTicket != nil {
		tests["a ticket closed for good takes no comment"] = commentClosed
	}
	each(t, newHarness, tests)
}

func commentOnce(t *testing.T, h *Harness, public bool) {
	ref := create(t, h, newTicket())
	want := newComment(public)
	if got := add(t, h, ref, want); got.ID == "" {
		t.Error("the comment's reference has no id")
	}
	if got := onlyComment(t, h, ref, want.Body); got.Public != public {
		t.Errorf("public is %v, want %v", got.Public, public)
	}
}

func commentMixed(t *testing.T, h *Harness) {
	ticket := newTicket()
	ticket.Public = true
	ref := create(t, h, ticket)
	for _, public := range []bool{true, false, true} {
		want := newComment(public)
		add(t, h, ref, want)
		if got := onlyComment(t, h, ref, want.Body); got.Public != public {
			t.Errorf("public is %v, want %v", got.Public, public)
		}
	}
}

func commentFound(t *testing.T, h *Harness) {
	ref := create(t, h, newTicket())
	var keys []chat.Key
	var refs []chat.Ref
	for i := range 4 {
		c := newComment(i%2 == 1)
		keys, refs = append(keys, c.Key), append(refs, add(t, h, ref, c))
	}
	for i, key := range keys {
		var found chat.Ref
		if !eventually(t, h.Connector.Traits().Comment.Lag, func() bool {
			var err error
			found, err = commenter(h).FindComment(within(t), ref, key)
			return err == nil
		}) {
			t.Fatalf("comment %d was not found within the promised lag", i)
		}
		if found.ID != refs[i].ID {
			t.Errorf("comment %d: found %+v, added %+v", i, found, refs[i])
		}
	}
}

func commentNotFound(t *testing.T, h *Harness) {
	ref := create(t, h, newTicket())
	_, err := commenter(h).FindComment(within(t), ref, newKey(chat.AttachNotes))
	assertFault(t, h, err, nil, fault.NotFound)
	add(t, h, ref, newComment(false))
	_, err = commenter(h).FindComment(within(t), ref, newKey(chat.AttachNotes))
	assertFault(t, h, err, nil, fault.NotFound)
}

func commentElsewhere(t *testing.T, h *Harness) {
	one, other := create(t, h, newTicket()), create(t, h, newTicket())
	c := newComment(false)
	add(t, h, one, c)
	_, err := commenter(h).FindComment(within(t), other, c.Key)
	assertFault(t, h, err, nil, fault.NotFound)
}

func commentGone(t *testing.T, h *Harness) {
	gone := chat.Ref{ID: "987654321"}
	c := newComment(false)
	_, err := commenter(h).AddComment(within(t), gone, c)
	assertFault(t, h, err, []string{c.Body}, fault.NotFound)
	_, err = commenter(h).FindComment(within(t), gone, c.Key)
	assertFault(t, h, err, nil, fault.NotFound)
}

func commentKeeps(t *testing.T, h *Harness, text string) {
	ref := create(t, h, newTicket())
	c := newComment(false)
	c.Body = text
	add(t, h, ref, c)
	onlyComment(t, h, ref, text)
}

func commentFile(t *testing.T, h *Harness) {
	ref := create(t, h, newTicket())
	c := newComment(false)
	c.Files = []connectors.File{newFile()}
	add(t, h, ref, c)
	if got := onlyComment(t, h, ref, c.Body); !slices.Contains(got.Files, c.Files[0].Name) {
		t.Errorf("the comment has the files %v, want %q among them", got.Files, c.Files[0].Name)
	}
}

func commentClosed(t *testing.T, h *Harness) {
	ref := create(t, h, newTicket())
	h.CloseTicket(t, ref.ID)
	c := newComment(false)
	_, err := commenter(h).AddComment(within(t), ref, c)
	assertFault(t, h, err, []string{c.Body}, fault.Conflict)
}

func commenter(h *Harness) connectors.Commenter { return h.Connector.(connectors.Commenter) }

// add adds a comment and fails the test when that fails.
func add(t *testing.T, h *Harness, ticket chat.Ref, c connectors.Comment) chat.Ref {
	t.Helper()
	ref, err := commenter(h).AddComment(within(t), ticket, c)
	if err != nil {
		assertNoLeak(t, h, err, []string{c.Body})
		t.Fatalf("adding a comment: %v", err)
	}
	return ref
}

// onlyComment returns the one comment that holds the text, and fails when there are
// others.
func onlyComment(t *testing.T, h *Harness, ticket chat.Ref, text string) Comment {
	t.Helper()
	found := commentsWith(t, h, ticket, text)
	if len(found) != 1 {
		t.Fatalf("%d comments hold the text, want 1", len(found))
	}
	return found[0]
}

func commentsWith(t *testing.T, h *Harness, ticket chat.Ref, text string) []Comment {
	t.Helper()
	var found []Comment
	for _, c := range ticketByID(t, h, ticket.ID).Comments {
		if strings.Contains(sameLines(c.Body), text) {
			found = append(found, c)
		}
	}
	return found
}
