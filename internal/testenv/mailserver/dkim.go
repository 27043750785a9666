package mailserver

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// PublishKey makes a public key, RSA or Ed25519, known to the verifier, which then finds
// it for the signatures of a selector and domain, as others would in DNS (RFC 6376,
// 3.6.1; RFC 8463, 4). What it made of a mail stands in the mail's header field
// Authentication-Results.
func (s *Server) PublishKey(tb testing.TB, selector, domain string, key crypto.PublicKey) {
	tb.Helper()
	var kind string
	var public []byte
	switch key := key.(type) {
	case *rsa.PublicKey:
		der, err := x509.MarshalPKIXPublicKey(key)
		if err != nil {
			tb.Fatal(err)
		}
		kind, public = "rsa", der
	case ed25519.PublicKey:
		kind, public = "ed25519", key
	default:
		tb.Fatalf("a %T cannot verify a mail", key)
	}
	file, err := os.OpenFile(filepath.Join(s.dir, "dkim-keys"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	if _, err := fmt.Fprintf(file, "%s._domainkey.%s v=DKIM1; k=%s; p=%s\n", selector, domain, kind, base64.StdEncoding.EncodeToString(public)); err != nil {
		tb.Fatal(err)
	}
}
