package connectortest

import (
	"crypto/rand"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/chat"
)

// Everything that the suite makes is new each time, so that it can run again and again
// against a real system that forgets nothing.

// token returns a word that nothing else holds.
func token() string { return strings.ToLower(rand.Text()[:16]) }

func newKey(action chat.Action) chat.Key {
	return chat.NewKey("connectortest", token(), 1, action, "")
}

func newPerson() connectors.Person {
	word := token()
	return connectors.Person{Name: "Änn " + word, Email: "ann." + word + "@example.com"}
}

func newTicket() connectors.Ticket {
	word := token()
	return connectors.Ticket{
		Key:       newKey(chat.FileTicket),
		Subject:   "Chat about the boiler " + word,
		Body:      "It smells of smoke " + word + "\nSecond line\n\nLast line",
		Requester: newPerson(),
		Priority:  "high",
		Tags:      []string{"live-chat"},
	}
}

func newComment(public bool) connectors.Comment {
	return connectors.Comment{
		Key:    newKey(chat.AttachNotes),
		Body:   "Boiler replaced in May " + token() + "\nand again in June",
		Public: public,
	}
}

func newFile() connectors.File {
	return connectors.File{
		Name:        "transcript-" + token() + ".txt",
		ContentType: "text/plain; charset=utf-8",
		Content:     []byte("09:12 Ann: It smells of smoke 🔥\n"),
	}
}

// texts are bodies that systems have been seen to spoil.
func texts() map[string]string {
	return map[string]string{
		"emoji of four bytes and more":    "🔥👩‍🚒🇸🇪 " + token(),
		"right-to-left with marks":        "שלום \u200fمرحبا\u200e " + token(),
		"a replacement character":         "before \uFFFD after " + token(),
		"letters outside the basic plane": "𝔘𠜎𐍈 " + token(),
		"combining marks":                 "Z\u0351\u036b\u0343a\u030a " + token(),
		"what looks like markup":          "<b>1 < 2</b> & {{.X}} <!-- --> &amp; " + token(),
		"what looks like a header":        "From: x\nBcc: y\n.\nEND " + token(),
	}
}

// bodyOf returns a body of exactly n bytes that ends in a word of its own.
func bodyOf(n int) string {
	const line = "Kärnan är varm 🔥 och det ryker.\n"
	end := token()
	var b strings.Builder
	for b.Len()+len(line)+len(end) <= n {
		b.WriteString(line)
	}
	for b.Len()+len(end) < n {
		b.WriteByte('x')
	}
	b.WriteString(end)
	if s := b.String(); len(s) == n && utf8.ValidString(s) {
		return s
	}
	panic(fmt.Sprintf("connectortest: a body of %d bytes cannot be made", n))
}
