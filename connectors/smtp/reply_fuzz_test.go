package smtp

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"
)

// FuzzReplies reads what a server may say, in whole and byte by byte: it comes to the same,
// and nothing is lost of it, nor added but a space behind a bare code.
func FuzzReplies(f *testing.F) {
	for _, said := range []string{
		"220\r\n", "250-sink\r\n250-auth=login plain\r\n250 size 5\r\n", "250-\r\n250\r\n", "334 YWJj\r\n", "25\n250\n\r\n\r\r250", "250 \xff\x00",
	} {
		f.Add([]byte(said))
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		if len(said) > maxReply {
			return // the reader gives up
		}
		whole := hear(t, bytes.NewReader(said))
		if slowly := hear(t, iotest.OneByteReader(bytes.NewReader(said))); whole != slowly {
			t.Fatalf("%q, byte by byte %q", whole, slowly)
		}
		plain := strings.NewReplacer(" ", "")
		if got, want := plain.Replace(whole), plain.Replace(string(said)); !bytes.Equal(bytes.ToUpper([]byte(got)), bytes.ToUpper([]byte(want))) {
			t.Fatalf("%q became %q", said, whole)
		}
		if added := len(whole) - len(said); added > bytes.Count(said, []byte("\n"))+bytes.Count(said, []byte("\r")) {
			t.Fatalf("%q has %d more", whole, added)
		}
	})
}

func hear(t *testing.T, r io.Reader) string {
	t.Helper()
	heard, err := io.ReadAll(&replies{Conn: reading{Reader: r}})
	if err != nil {
		t.Fatal(err)
	}
	return string(heard)
}

// reading is a connection that is only read from.
type reading struct {
	net.Conn
	io.Reader
}

// Read reads from the reader.
func (r reading) Read(p []byte) (int, error) { return r.Reader.Read(p) }
