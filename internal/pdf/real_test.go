//go:build real

package pdf_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chromium"
	"github.com/afterchat/afterchat/internal/pdf"
	"github.com/afterchat/afterchat/internal/testenv"
	"github.com/afterchat/afterchat/templates"
)

// said are what people write, in every script that has to work, and one character that
// no font here has.
var said = []string{
	"Straße, naïve, Łódź, ğüş, ﬁn", "Привет, как дела? Ёлка", "Γειά σου Κόσμε", "مرحبا كيف حالك", "שלום עולם", "he said שלום עולם to me",
	"你好世界", "日本語のテキスト", "한국어 문장", "Emoji 🔥🔥🔥 😀", "Private \U00100000 here",
	"https://acme.example/a_long_address_without_a_place_to_break_a_long_address_without_a_place_to_break_a_long_address?with=query",
}

// TestPagesArePrintedBothWays has both engines make the same chats, and other people's
// programs look at what they made.
func TestPagesArePrintedBothWays(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"pdftotext", "pdfinfo", "pdftoppm"} {
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
		for _, lang := range []string{"en", "ar", "ja"} {
			t.Run(engine+" "+lang, func(t *testing.T) {
				s := snapshot(append(append([]string{}, said...), numbered(40)...)...)
				s.Locale = lang
				d := renderer(t).DocumentForCustomer(templates.ForCustomer(s, options()))
				withPicture := pictured(t, "image/jpeg", "look")
				d.Sections[1].Parts = append(d.Sections[1].Parts[:2:2], append(withPicture.Sections[1].Parts[1:2:2], d.Sections[1].Parts[2:]...)...)
				d.Pictures = withPicture.Pictures
				m := pdf.NewWith(renderer(t), fonts, path, ignored)
				m.SetBrowserTime(2 * time.Minute)
				out, err := m.Make(t.Context(), d)
				if err != nil || out.Engine != engine {
					t.Fatalf("made by %s: %v (%v)", out.Engine, err, out.Fallback)
				}
				inspect(t, testenv.Keep(t, fmt.Sprintf("pdf-%s-%s.pdf", engine, lang), out.Content), d, lang)
			})
		}
	}
}

func inspect(t *testing.T, file string, d templates.Document, lang string) {
	t.Helper()
	info := tool(t, "pdfinfo", file)
	pages, err := strconv.Atoi(strings.TrimSpace(regexp.MustCompile(`Pages: +(\d+)`).FindStringSubmatch(info)[1]))
	if err != nil || pages < 3 {
		t.Fatalf("%d pages: %v", pages, err)
	}
	if !strings.Contains(info, "(A4)") || !strings.Contains(info, "Author:          Acmé Coffee") || !strings.Contains(info, "Title:           "+d.Title) {
		t.Errorf("information: %s", info)
	}
	if content, err := os.ReadFile(file); err != nil || !bytes.Contains(content, []byte("/Lang ("+lang)) {
		t.Errorf("the language is not %s (%v)", lang, err)
	}
	whole := squeezed(tool(t, "pdftotext", file, "-"))
	for _, text := range append(append([]string{}, said...), numbered(40)...) {
		parts := []string{text}
		if lang == "ar" || strings.Contains(text, "Emoji") {
			// pdftotext has an order of its own for the other lines of a page that runs from
			// right to left, and for what is higher than the line it stands in.
			parts = strings.Fields(text)
		}
		for _, part := range parts {
			want := strings.ReplaceAll(squeezed(part), "\U00100000", "[U+100000]")
			// Programs give a ligature back as it is, or as its letters.
			if !strings.Contains(whole, want) && !strings.Contains(whole, strings.ReplaceAll(want, "ﬁ", "fi")) {
				t.Errorf("no %q in the text", part)
			}
		}
	}
	if closing := squeezed(d.Unshown(1)); lang != "ar" && !strings.Contains(whole, closing) {
		t.Errorf("no %q in the text", closing)
	}
	red, violet := 0, 0
	for n := 1; n <= pages; n++ {
		text := squeezed(tool(t, "pdftotext", "-f", strconv.Itoa(n), "-l", strconv.Itoa(n), file, "-"))
		if want := fmt.Sprintf("%d/%d", n, pages); !strings.Contains(text, want) {
			t.Errorf("page %d does not say %s", n, want)
		}
		r, v := look(t, file, n)
		red, violet = red+r, violet+v
	}
	if red < 20 || violet < 500 {
		t.Errorf("no emoji in colour, or no picture: %d and %d pixels", red, violet)
	}
}

// squeezed leaves out what programs that read a PDF choose themselves: spaces, lines,
// and marks of direction.
func squeezed(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '\n' || r == '\f' || r == '\u00a0' || r >= 0x200e && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfe0f {
			return -1
		}
		return r
	}, s)
}

// look keeps a page's picture. Nothing stands at its edges. It returns how many of its
// pixels are red, as emoji of fire are, and violet, as the attached picture is.
func look(t *testing.T, file string, n int) (red, violet int) {
	t.Helper()
	base := strings.TrimSuffix(file, ".pdf")
	tool(t, "pdftoppm", "-png", "-r", "60", "-singlefile", "-f", strconv.Itoa(n), "-l", strconv.Itoa(n), file, base+"-"+strconv.Itoa(n))
	content, err := os.ReadFile(base + "-" + strconv.Itoa(n) + ".png")
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	b := img.Bounds()
	edge := image.Rect(b.Min.X+b.Dx()/20, b.Min.Y, b.Max.X-b.Dx()/20, b.Max.Y)
	inked := 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, blue, _ := img.At(x, y).RGBA()
			if r+g+blue < 3*0xf000 && !image.Pt(x, y).In(edge) {
				t.Fatalf("page %d has ink in its margin, at %d, %d", n, x, y)
			}
			if r+g+blue < 3*0x6000 {
				inked++
			}
			if r > 0xd000 && blue < 0x6000 {
				red++
			}
			if r > 0x8000 && g < 0x3000 && blue > 0xd000 {
				violet++
			}
		}
	}
	if inked < 50 {
		t.Errorf("page %d is empty", n)
	}
	return red, violet
}

// tool runs one of Poppler's programs, which must have nothing to complain of.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out, complaints bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil || complaints.Len() > 0 {
		t.Fatalf("%s %s: %v: %.500s", name, filepath.Base(args[0]), err, complaints.String())
	}
	return out.String()
}
