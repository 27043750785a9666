//go:build real

package pdf_test

import (
	"fmt"
	"image"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/afterchat/afterchat/internal/chromium"
	"github.com/afterchat/afterchat/internal/pdf"
	"github.com/afterchat/afterchat/internal/testenv"
	"github.com/afterchat/afterchat/templates"
)

// TestLogoAndPhotosArePrintedBothWays has both engines make a page with them, and looks
// where they stand.
func TestLogoAndPhotosArePrintedBothWays(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"pdfinfo", "pdftoppm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed")
		}
	}
	browser := chromium.Find()
	if browser == "" {
		t.Skip("Chromium is not installed")
	}
	fonts, err := pdf.SystemFonts()
	if err != nil {
		t.Fatal(err)
	}
	for engine, path := range map[string]string{pdf.EngineChromium: browser, pdf.EngineBuiltIn: ""} {
		for _, lang := range []string{"en", "ar"} {
			t.Run(engine+" "+lang, func(t *testing.T) {
				m := pdf.NewWith(renderer(t), fonts, path, ignored)
				m.SetBrowserTime(2 * time.Minute)
				out, err := m.Make(t.Context(), illustrated(t, lang, 60))
				if err != nil || out.Engine != engine {
					t.Fatalf("made by %s: %v (%v)", out.Engine, err, out.Fallback)
				}
				if len(out.Content) > 400<<10 {
					t.Errorf("the file has %d bytes: a photo is not in it once", len(out.Content))
				}
				file := testenv.Keep(t, fmt.Sprintf("pdf-portraits-%s-%s.pdf", engine, lang), out.Content)
				head := violet(t, file, image.Rect(0, 0, 600, 100))
				below := violet(t, file, image.Rect(0, 100, 600, 842))
				if left := head.Min.X < 60 && head.Max.X < 200; head.Dx() < 85 || head.Dx() > 95 || head.Dy() < 28 || head.Dy() > 32 || left != (lang == "en") {
					t.Errorf("the logo stands at %v", head)
				}
				if left := below.Min.X < 60; below.Dx() < 13 || below.Dx() > 16 || left != (lang == "en") {
					t.Errorf("photos stand at %v", below)
				}
			})
		}
	}
}

// violet returns where in a part of the first page the pixels are that are so, at
// 72 to the inch.
func violet(t *testing.T, file string, part image.Rectangle) (within image.Rectangle) {
	t.Helper()
	img := firstPage(t, file, 72)
	part = part.Intersect(img.Bounds())
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			if r, g, b, _ := img.At(x, y).RGBA(); r > 0x8000 && g < 0x3000 && b > 0xd000 {
				within = within.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return within
}

// firstPage has another program draw a PDF's first page, so many pixels to the inch.
func firstPage(t *testing.T, file string, perInch int) image.Image {
	t.Helper()
	base := strings.TrimSuffix(file, ".pdf")
	tool(t, "pdftoppm", "-png", "-r", strconv.Itoa(perInch), "-singlefile", file, base)
	f, err := os.Open(base + ".png")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// TestAnOrganizationsOwnPagesArePrinted has Chromium print with an organization's template.
func TestAnOrganizationsOwnPagesArePrinted(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Skip("pdftotext is not installed")
	}
	browser := chromium.Find()
	if browser == "" {
		t.Skip("Chromium is not installed")
	}
	fonts, err := pdf.SystemFonts()
	if err != nil {
		t.Fatal(err)
	}
	own, problems := templates.ReadOverrides(fstest.MapFS{"transcript/print.html": {Data: []byte("<html><body><p>Ahoy</p>{{.Body}}</body></html>")}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	r := renderer(t).WithOverrides(map[string]templates.Overrides{"acme": own}, func(_ string, p templates.Problem) { t.Error(p) })
	m := pdf.NewWith(r, fonts, browser, ignored)
	m.SetBrowserTime(2 * time.Minute)
	view := templates.ForCustomer(snapshot("It does not heat up"), options())
	for organization, want := range map[string]bool{"acme": true, "bolt": false} {
		out, err := m.Make(t.Context(), r.For(organization).DocumentForCustomer(view))
		if err != nil || out.Engine != pdf.EngineChromium {
			t.Fatalf("made by %s: %v (%v)", out.Engine, err, out.Fallback)
		}
		text := tool(t, "pdftotext", testenv.Keep(t, "pdf-own-"+organization+".pdf", out.Content), "-")
		if strings.Contains(text, "Ahoy") != want || !strings.Contains(text, "It does not heat up") {
			t.Errorf("%s: %s", organization, text)
		}
	}
}
