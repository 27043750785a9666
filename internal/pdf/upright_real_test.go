//go:build real

package pdf_test

import (
	"fmt"
	"os/exec"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chromium"
	"github.com/afterchat/afterchat/internal/pdf"
	"github.com/afterchat/afterchat/internal/testenv"
	"github.com/afterchat/afterchat/internal/upright/uprighttest"
)

// TestPicturesAreUprightOnThePage has another program draw what each engine made of
// pictures in every orientation: each is red above blue.
func TestPicturesAreUprightOnThePage(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("pdftoppm"); err != nil {
		t.Skip("pdftoppm is not installed")
	}
	fonts, err := pdf.SystemFonts()
	if err != nil {
		t.Fatal(err)
	}
	for engine, browser := range map[string]string{pdf.EngineChromium: chromium.Find(), pdf.EngineBuiltIn: ""} {
		t.Run(engine, func(t *testing.T) {
			if engine == pdf.EngineChromium && browser == "" {
				t.Skip("Chromium is not installed")
			}
			m := pdf.NewWith(renderer(t), fonts, browser, ignored)
			m.SetBrowserTime(2 * time.Minute)
			for contentType := range storedAs {
				out, err := m.Make(t.Context(), taken(t, uprighttest.Quarters(30, 16), contentType))
				if err != nil || out.Engine != engine {
					t.Fatalf("made by %s: %v (%v)", out.Engine, err, out.Fallback)
				}
				file := testenv.Keep(t, fmt.Sprintf("pdf-upright-%s-%s.pdf", engine, path.Base(contentType)), out.Content)
				if seen, want := downwards(t, file), strings.Repeat("red blue ", 8); seen != want {
					t.Errorf("%s: down the page it is %s, want %s", contentType, seen, want)
				}
			}
		})
	}
}

// downwards returns the colours of the first page down the left quarter of its pictures.
func downwards(t *testing.T, file string) string {
	t.Helper()
	img := firstPage(t, file, 144)
	name := func(x, y int) string {
		switch r, g, b, _ := img.At(x, y).RGBA(); {
		case r > 0xe000 && g < 0x2000 && b < 0x2000:
			return "red "
		case r < 0x2000 && g < 0x2000 && b > 0xe000:
			return "blue "
		case r < 0x2000 && g > 0xe000 && b < 0x2000:
			return "green "
		}
		return ""
	}
	left := img.Bounds().Max.X
	for y := range img.Bounds().Max.Y {
		for x := range left {
			if name(x, y) != "" {
				left = x
			}
		}
	}
	var seen strings.Builder
	last := ""
	for y := range img.Bounds().Max.Y {
		now := name(left+5, y)
		if now != "" && now != last {
			seen.WriteString(now)
		}
		last = now
	}
	return seen.String()
}
