package smtp

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/emersion/go-msgauth/dkim"
	"golang.org/x/net/publicsuffix"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/fault"
)

// RSA keys: shorter ones must not be used (RFC 8301, 3.2), and shorter ones than
// advised are taken with a warning.
const (
	minRSA     = 1024
	advisedRSA = 2048
)

// selectors are dot-separated labels (RFC 6376, 3.1).
var selectors = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$`)

// signedFields are the header fields that a signature covers (RFC 6376, 5.4.1). Each is
// named once more than it stands in a mail, so that nobody can add another (5.4.2).
func signedFields() []string {
	fields := []string{
		"From", "To", "Subject", "Date", "Message-ID", "Reply-To", "In-Reply-To", "References",
		"Auto-Submitted", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
	}
	return append(fields, fields...)
}

// signers makes the settings' keys ready to sign.
func signers(keys []connectors.DKIMKey) ([]*dkim.SignOptions, error) {
	var out []*dkim.SignOptions
	for i, k := range keys {
		at := fmt.Sprintf("dkim[%d]", i)
		signer, err := parsePrivateKey(k.Key.Reveal())
		if err != nil {
			return nil, err.At(at + ".key")
		}
		domain, err := signingDomain(k)
		if err != nil {
			return nil, err.At(at + "." + err.Field)
		}
		out = append(out, &dkim.SignOptions{
			Domain: domain, Selector: k.Selector, Signer: signer, Hash: crypto.SHA256, HeaderKeys: signedFields(),
			HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
		})
	}
	return out, nil
}

// sign puts a signature of each key before the mail. The body's length is never limited
// (l=): what is appended to a mail is not ours.
func sign(raw []byte, keys []*dkim.SignOptions) ([]byte, error) {
	if len(keys) == 0 {
		return raw, nil
	}
	var signatures []byte
	for _, options := range keys {
		s, err := dkim.NewSigner(options)
		if err == nil {
			_, err = s.Write(raw)
			err = errors.Join(err, s.Close())
		}
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, "dkim", "the mail cannot be signed", err)
		}
		signatures = append(signatures, s.Signature()...)
	}
	return append(signatures, raw...), nil
}

// parsePrivateKey reads one key in PEM form. Its fault quotes nothing of it.
func parsePrivateKey(text string) (crypto.Signer, *fault.Error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, badKey("holds no key in PEM form")
	}
	var key any
	var err error
	switch {
	case strings.Contains(block.Type, "ENCRYPTED"), block.Headers["DEK-Info"] != "":
		return nil, badKey("is encrypted; give the key without a passphrase")
	case block.Type == "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case block.Type == "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	default:
		return nil, badKey("must be a private key, RSA or Ed25519")
	}
	if err != nil {
		return nil, badKey("cannot be read as a private key")
	}
	switch key := key.(type) {
	case ed25519.PrivateKey:
		return key, nil
	case *rsa.PrivateKey:
		if key.N.BitLen() < minRSA {
			return nil, badKey(fmt.Sprintf("has %d bits; nobody accepts less than %d", key.N.BitLen(), minRSA))
		}
		return key, nil
	default:
		return nil, badKey("must be RSA or Ed25519")
	}
}

func badKey(detail string) *fault.Error { return fault.New(fault.Invalid, "bad_key", detail) }

// signingDomain returns the key's domain in ASCII.
func signingDomain(k connectors.DKIMKey) (string, *fault.Error) {
	domain, err := asciiDomain(strings.ToLower(k.Domain))
	if err != nil || !selectors.MatchString(domain) || !strings.Contains(domain, ".") {
		return "", fault.New(fault.Invalid, "bad_setting", "must be a domain, as acme.example").At("domain")
	}
	if !selectors.MatchString(k.Selector) {
		return "", fault.New(fault.Invalid, "bad_setting", "must be a name of letters, digits, dots and dashes").At("selector")
	}
	return domain, nil
}

// aligned reports whether receivers see both domains as one's (RFC 7489, 3.1.1, relaxed).
func aligned(a, b string) bool {
	return organizational(a) == organizational(b)
}

func organizational(domain string) string {
	domain = strings.ToLower(domain)
	if parent, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
		return parent
	}
	return domain
}
