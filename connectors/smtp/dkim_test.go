package smtp_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/google/go-cmp/cmp"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/smtp"
	"github.com/afterchat/afterchat/internal/fault"
)

func TestEveryKeySignsAndTheSignaturesVerify(t *testing.T) {
	t.Parallel()
	rsaKey, edKey := newRSA(t, 2048), newEd25519(t)
	dns := map[string]crypto.Signer{"r1._domainkey.xn--bcher-kva.example": rsaKey, "e1._domainkey.xn--bcher-kva.example": edKey}
	raw := signed(t, []connectors.DKIMKey{
		{Domain: "bücher.example", Selector: "e1", Key: pkcs8(t, edKey)},
		{Domain: "bücher.example", Selector: "r1", Key: pkcs1(rsaKey)},
	})
	verified := verify(t, raw, dns)
	if len(verified) != 2 {
		t.Fatalf("%d signatures, want 2", len(verified))
	}
	for _, v := range verified {
		if v.Err != nil {
			t.Errorf("%s: %v", v.Domain, v.Err)
		}
		covered := strings.ToLower(strings.Join(v.HeaderKeys, " ")) + " "
		for _, field := range []string{
			"from", "to", "subject", "date", "message-id", "reply-to", "mime-version", "content-type", "references", "in-reply-to", "auto-submitted",
		} {
			if strings.Count(covered, field+" ") < 2 {
				t.Errorf("%s is not signed against another one beside it", field)
			}
		}
	}
	algorithms := []string{tag(t, raw, 0, "a"), tag(t, raw, 1, "a")}
	if diff := cmp.Diff([]string{"rsa-sha256", "ed25519-sha256"}, sorted(algorithms)); diff != "" {
		t.Errorf("algorithms (-want +got):\n%s", diff)
	}
	for i := range 2 {
		if tag(t, raw, i, "c") != "relaxed/relaxed" || tag(t, raw, i, "l") != "" {
			t.Errorf("signature %d: c=%s l=%s", i, tag(t, raw, i, "c"), tag(t, raw, i, "l"))
		}
	}
	assertLines(t, raw)
}

func TestASignatureBreaksWithWhatItCovers(t *testing.T) {
	t.Parallel()
	key := newEd25519(t)
	raw := signed(t, []connectors.DKIMKey{{Domain: "acme.example", Selector: "s", Key: pkcs8(t, key)}})
	for name, change := range map[string][2]string{
		"another subject":      {"Your chat", "Your money"},
		"another sender":       {"Subject:", "From: evil@example.net\r\nSubject:"},
		"another address":      {"Subject:", "Reply-To: evil@example.net\r\nSubject:"},
		"another thread":       {"References:", "References: <a@b.example>"},
		"more text":            {"It smells", "Please pay. It smells"},
		"something at the end": {"", "Please pay.\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := bytes.Replace(raw, []byte(change[0]), []byte(change[1]), 1)
			if change[0] == "" {
				changed = append(bytes.Clone(raw), change[1]...)
			}
			if bytes.Equal(changed, raw) {
				t.Fatal("nothing was changed")
			}
			for _, v := range verify(t, changed, map[string]crypto.Signer{"s._domainkey.acme.example": key}) {
				if v.Err == nil {
					t.Error("the signature still verifies")
				}
			}
		})
	}
}

func TestKeysThatCannotSignAreFoundBeforehand(t *testing.T) {
	t.Parallel()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := pkcs8(t, newEd25519(t))
	encrypted := connectors.Secret("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----")
	for name, test := range map[string]struct {
		keys []connectors.DKIMKey
		want connectors.Finding
	}{
		"no PEM":             {one("acme.example", "s", "sesame-93"), connectors.Finding{Field: "dkim[0].key", Message: "holds no key in PEM form"}},
		"an encrypted one":   {one("acme.example", "s", encrypted), connectors.Finding{Field: "dkim[0].key", Message: "is encrypted; give the key without a passphrase"}},
		"a public one":       {one("acme.example", "s", publicPEM(t)), connectors.Finding{Field: "dkim[0].key", Message: "must be a private key, RSA or Ed25519"}},
		"another kind":       {one("acme.example", "s", pkcs8(t, ec)), connectors.Finding{Field: "dkim[0].key", Message: "must be RSA or Ed25519"}},
		"garbage in PEM":     {one("acme.example", "s", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"), connectors.Finding{Field: "dkim[0].key", Message: "cannot be read as a private key"}},
		"too short":          {one("acme.example", "s", shortRSA(512)), connectors.Finding{Field: "dkim[0].key", Message: "has 512 bits; nobody accepts less than 1024"}},
		"short":              {one("acme.example", "s", pkcs1(newRSA(t, 1024))), connectors.Finding{Field: "dkim[0].key", Message: "an RSA key of 1024 bits is short; 2048 are advised", Warning: true}},
		"no domain":          {one("acme", "s", good), connectors.Finding{Field: "dkim[0].domain", Message: "must be a domain, as acme.example"}},
		"no selector":        {one("acme.example", "a b", good), connectors.Finding{Field: "dkim[0].selector", Message: "must be a name of letters, digits, dots and dashes"}},
		"another's domain":   {one("mailer.example", "s", good), connectors.Finding{Field: "dkim[0].domain", Message: "is not the domain of from, so receivers that ask for DMARC do not count this signature", Warning: true}},
		"a subdomain":        {one("mail.acme.example", "s", good), connectors.Finding{}},
		"the same one twice": {append(one("acme.example", "s", good), one("ACME.example", "s", good)...), connectors.Finding{Field: "dkim[1].selector", Message: "another key has this selector and domain"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &smtp.Settings{From: "support@acme.example", Address: "mail.acme.example:587", DKIM: test.keys}
			var want []connectors.Finding
			if test.want != (connectors.Finding{}) {
				want = []connectors.Finding{test.want}
			}
			if diff := cmp.Diff(want, s.Examine()); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
			_, err := smtp.New(s)
			if refused := want != nil && !test.want.Warning && test.want.Field == "dkim[0].key"; refused && fault.FieldOf(err) != test.want.Field {
				t.Errorf("a client was made all the same: %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "sesame-93") {
				t.Errorf("the error gives away the key: %v", err)
			}
		})
	}
}

// signed sends a mail from bücher.example or acme.example and returns it as it arrived.
func signed(t *testing.T, keys []connectors.DKIMKey) []byte {
	t.Helper()
	m := outgoing(t)
	m.HTML, m.Thread, m.ReplyTo = "<p>Det ryker 🔥</p>", "c_8412", "support+id35@acme.example"
	m.Files = []connectors.File{{Name: "transcript.pdf", ContentType: "application/pdf", Content: []byte("%PDF-")}}
	_, raw := mailed(t, func(s *smtp.Settings) {
		s.From, s.DKIM = "Acme Support <support@"+keys[0].Domain+">", keys
	}, m)
	return raw
}

// verify checks a mail's signatures with a DNS that has these keys.
func verify(t *testing.T, raw []byte, dns map[string]crypto.Signer) []*dkim.Verification {
	t.Helper()
	verified, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
		switch public := dns[name].Public().(type) {
		case *rsa.PublicKey:
			der, err := x509.MarshalPKIXPublicKey(public)
			return []string{"v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)}, err
		case ed25519.PublicKey:
			return []string{"v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)}, nil
		}
		return nil, fmt.Errorf("no such name: %s", name)
	}})
	if err != nil {
		t.Fatal(err)
	}
	return verified
}

// tag returns a tag of a mail's n-th signature.
func tag(t *testing.T, raw []byte, n int, name string) string {
	t.Helper()
	field := strings.Split(string(raw), "DKIM-Signature:")[n+1]
	field, _, _ = strings.Cut(field, "\r\n\r\n")
	for part := range strings.SplitSeq(field, ";") {
		if key, value, ok := strings.Cut(strings.TrimSpace(part), "="); ok && key == name {
			return value
		}
	}
	return ""
}

func sorted(s []string) []string {
	if s[0] < s[1] {
		s[0], s[1] = s[1], s[0]
	}
	return s
}

func one(domain, selector string, key connectors.Secret) []connectors.DKIMKey {
	return []connectors.DKIMKey{{Domain: domain, Selector: selector, Key: key}}
}

func newRSA(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newEd25519(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// shortRSA makes a key that the standard library would not.
func shortRSA(bits int) connectors.Secret {
	for {
		p, _ := rand.Prime(rand.Reader, bits/2)
		q, _ := rand.Prime(rand.Reader, bits/2)
		one, e := big.NewInt(1), big.NewInt(65537)
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		d := new(big.Int).ModInverse(e, phi)
		n := new(big.Int).Mul(p, q)
		if d != nil && n.BitLen() == bits {
			return pkcs1(&rsa.PrivateKey{PublicKey: rsa.PublicKey{N: n, E: 65537}, D: d, Primes: []*big.Int{p, q}})
		}
	}
}

func pkcs1(key *rsa.PrivateKey) connectors.Secret {
	return connectors.Secret(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

func pkcs8(t *testing.T, key crypto.Signer) connectors.Secret {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return connectors.Secret(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func publicPEM(t *testing.T) connectors.Secret {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(newEd25519(t).Public())
	if err != nil {
		t.Fatal(err)
	}
	return connectors.Secret(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}
