package bounce_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/bounce"
	"github.com/afterchat/afterchat/internal/fault"
)

// What the samples are about: a mail with this key and tag, to ann@example.com.
const (
	sampleKey  = "0123456789abcdef0123456789abcdef"
	sampleTag  = "abcdefgh2345"
	samplePath = "bounces+" + sampleKey + "." + sampleTag + "@acme.example"
)

// sample reads a mail as it comes over the wire.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name+".eml"))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))
}

func TestWhatMailServersSend(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		receipt, suppresses string
		returned            bool // the mail that it is about comes with it
	}{
		"postfix_no_such_user":           {"bounced 5.1.1", "bounced", true},
		"postfix_no_such_domain":         {"bounced 5.4.4", "bounced", true},
		"postfix_expired":                {"bounced 4.4.1", "", true},
		"postfix_delayed":                {"delayed 4.4.1", "", true},
		"postfix_policy":                 {"bounced 5.7.1", "", true},
		"postfix_too_large":              {"bounced 5.3.4", "", true},
		"postfix_delivered":              {"delivered 2.0.0", "", true},
		"exchange_recipient_not_found":   {"bounced 5.1.10", "bounced", true},
		"gmail_no_such_user":             {"bounced 5.1.1", "bounced", true},
		"exim_quotes_the_reply":          {"bounced 5.1.1", "bounced", true},
		"global_headers_in_utf8":         {"bounced 5.2.1", "bounced", true},
		"gateway_wraps_the_report":       {"bounced 5.1.1", "bounced", true},
		"alias_behind_the_address":       {"relayed 2.0.0", "", true},
		"fragments_of_mime":              {"bounced 5.1.1", "bounced", false},
		"complaint":                      {"complained", "complained", true},
		"complaint_redacted_return_path": {"complained", "complained", true},
		"qmail_failure_notice":           {"bounced", "", false},
		"exim_before_reports":            {"bounced", "", false},
		"exim_still_trying":              {"", "", false},
		"feedback_not_spam":              {"", "", true},
		"feedback_forged_sender":         {"", "", true},
		"vacation":                       {"", "", false},
		"vacation_by_the_server":         {"", "", false},
		"read_receipt":                   {"", "", false},
		"somebody_forwards_a_bounce":     {"", "", true}, // it is the bounce that is returned here
		"ordinary":                       {"", "", false},
		"spam_without_a_sender":          {"", "", false},
	}
	files, err := filepath.Glob("testdata/*.eml")
	if err != nil || len(files) != len(tests) {
		t.Errorf("%d samples and %d expectations: %v", len(files), len(tests), err)
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := bounce.Parse(bytes.NewReader(sample(t, name)), false)
			if err != nil {
				t.Fatal(err)
			}
			if r.Receipt() != want.receipt || r.Suppresses() != want.suppresses {
				t.Errorf("receipt %q, suppresses %q; want %q, %q", r.Receipt(), r.Suppresses(), want.receipt, want.suppresses)
			}
			if name == "somebody_forwards_a_bounce" {
				return
			}
			id := ""
			if want.returned {
				id = "<" + sampleKey + "." + sampleTag + "@acme.example>"
			}
			if r.MessageID != id {
				t.Errorf("it is about %q, want %q", r.MessageID, id)
			}
			if r.Receipt() != "" && name != "gateway_wraps_the_report" && name != "complaint_redacted_return_path" && !slices.Contains(r.Addresses, samplePath) {
				t.Errorf("the return path is not among %q", r.Addresses)
			}
		})
	}
}

func TestOnlyTheEnvelopeKnowsThatNobodySentAMail(t *testing.T) {
	t.Parallel()
	raw := bytes.Replace(sample(t, "qmail_failure_notice"), []byte("Return-Path: <>\r\n"), nil, 1)
	for _, nullSender := range []bool{true, false} {
		r, err := bounce.Parse(bytes.NewReader(raw), nullSender)
		if err != nil || (r.Word == bounce.Bounced) != nullSender {
			t.Errorf("with the null sender %v: %q, %v", nullSender, r.Receipt(), err)
		}
	}
}

func TestAStatusSuppressesOnlyWhenItIsAboutTheAddress(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]bool{
		"5.1.1": true, "5.1.2": true, "5.1.3": true, "5.1.6": true, "5.1.10": true, "5.2.1": true, "5.4.4": true,
		"": false, "5.0.0": false, "5.1.0": false, "5.1.7": false, "5.1.8": false, "5.2.0": false, "5.2.2": false, "5.2.3": false,
		"5.3.0": false, "5.3.4": false, "5.4.6": false, "5.5.0": false, "5.6.1": false, "5.7.1": false, "5.7.26": false, "5.7.509": false,
		"4.1.1": false, "4.2.2": false, "4.4.7": false, "4.7.1": false,
	} {
		for word, applies := range map[string]bool{bounce.Bounced: true, bounce.Delayed: false, bounce.Delivered: false} {
			if got := (bounce.Verdict{Word: word, Status: status}).Suppresses() != ""; got != (want && applies) {
				t.Errorf("%s %s suppresses: %v", word, status, got)
			}
		}
	}
}

func TestReceiptsOnlyMoveForward(t *testing.T) {
	t.Parallel()
	order := []string{"", "delayed 4.4.1", "relayed 2.0.0", "delivered 2.0.0", "bounced 4.4.7", "bounced 5.1.1", "complained"}
	for i, old := range order {
		for j, latest := range order {
			if got := bounce.Newer(old, latest); got != (j > i) {
				t.Errorf("%q after %q is news: %v", latest, old, got)
			}
		}
	}
	if bounce.Newer("bounced 5.1.1", "bounced 5.7.1") || bounce.Newer("", "sent") {
		t.Error("what is not news is taken for it")
	}
}

func TestWhatIsNoMailIsRefusedAndWhatCannotBeReadIsNotDecided(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"nothing":               "",
		"no header":             "\x00\x01\x02",
		"a page":                "<html>\r\n\r\n</html>",
		"a header without end":  strings.Repeat("X-A: "+strings.Repeat("a", 900)+"\r\n", 400),
		"a line without an end": "Subject: " + strings.Repeat("a", 1<<20),
	} {
		if _, err := bounce.Parse(strings.NewReader(raw), true); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	broken := errors.New("the line broke")
	raw := sample(t, "postfix_no_such_user")
	for _, at := range []int{0, 100, len(raw) / 2, len(raw) - 1, len(raw)} {
		_, err := bounce.Parse(io.MultiReader(bytes.NewReader(raw[:at]), &failing{broken}), true)
		if !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %v", at, err)
		}
	}
}

func TestAMailMayNameAnyNumberOfAddressesAndSomeAreKept(t *testing.T) {
	t.Parallel()
	r, err := bounce.Parse(strings.NewReader("To: "+strings.Repeat("ann@example.com,\r\n ", 1000)+"bo@example.com\r\n\r\n"), true)
	if err != nil || len(r.Addresses) != 32 {
		t.Errorf("%d addresses are kept: %v", len(r.Addresses), err)
	}
}

// Not parallel: it looks at what the whole process takes.
func TestALargeMailIsNotKept(t *testing.T) {
	header, body, _ := bytes.Cut(sample(t, "postfix_no_such_user"), []byte("\r\n\r\n"))
	line := strings.Repeat("x", 70) + "\r\n"
	for name, mail := range map[string]string{
		"a long part":           string(header) + "\r\n\r\n" + string(body) + strings.Repeat(line, 300_000),
		"a long line":           string(header) + "\r\n\r\n" + string(body) + strings.Repeat("x", 20<<20),
		"a long header of one":  string(header) + "\r\n\r\n" + strings.Replace(string(body), "Content-Description", "X-Long: "+strings.Repeat("x", 20<<20)+"\r\nContent-Description", 1),
		"a header of many":      string(header) + "\r\n\r\n" + strings.Replace(string(body), "Content-Description", strings.Repeat("X-Many: x\r\n", 2<<20)+"Content-Description", 1),
		"a long status":         string(header) + "\r\n\r\n" + strings.Replace(string(body), "X-Postfix-Queue-ID", strings.Repeat("X-Many: x\r\n", 2<<20)+"X-Postfix-Queue-ID", 1),
		"a long returned mail":  string(header) + "\r\n\r\n" + strings.Replace(string(body), "Hello Ann", strings.Repeat(line, 300_000), 1),
		"parts without an end":  string(header) + "\r\n\r\n" + strings.Repeat("--4X1Zb21Nfyz1w.1795339912/relay.acme.example\r\n\r\n", 400_000),
		"multiparts in another": strings.Repeat("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", 400_000),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := bounce.Parse(strings.NewReader(mail), true); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 8<<20 {
			t.Errorf("%s of %d MB takes %d MB", name, len(mail)>>20, took>>20)
		}
	}
}

// failing fails once, and then is at its end.
type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) {
	err := f.err
	f.err = io.EOF
	return 0, err
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.eml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		f.Add(sample(f, strings.TrimSuffix(filepath.Base(file), ".eml")), true)
	}
	f.Fuzz(func(t *testing.T, raw []byte, nullSender bool) {
		in := bytes.NewReader(raw)
		r, err := bounce.Parse(in, nullSender)
		if in.Len() != 0 {
			t.Errorf("%d bytes were not read", in.Len())
		}
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("%v", err)
		}
		if len(r.Addresses) > 32 {
			t.Errorf("%d addresses", len(r.Addresses))
		}
		if s := r.Suppresses(); s != "" && s != bounce.Bounced && s != bounce.Complained {
			t.Errorf("it suppresses because of %q", s)
		}
	})
}
