package pdf_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/pdf"
)

// asksForFonts is set where this test is the process that it started itself: the fonts of a
// machine are looked for once in a process.
const asksForFonts = "AFTERCHAT_TEST_FONTS"

func TestFontsAreFoundWithoutATemporaryFolder(t *testing.T) {
	t.Parallel()
	if os.Getenv(asksForFonts) != "" {
		f, err := pdf.SystemFonts()
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("fonts: %d", pdf.CountSystem(f))
		return
	}
	found := func(env ...string) string {
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run=^"+t.Name()+"$")
		c.Env = append(os.Environ(), append(env, asksForFonts+"=1")...)
		out, err := c.CombinedOutput()
		_, after, ok := strings.Cut(string(out), "fonts: ")
		if err != nil || !ok {
			t.Fatalf("%v: %s", err, out)
		}
		n, _, _ := strings.Cut(after, "\n")
		return n
	}
	// An image from scratch has no /tmp.
	if with, without := found(), found("TMPDIR=/nonexistent"); with != without {
		t.Errorf("%s fonts with a temporary folder, %s without", with, without)
	}
}
