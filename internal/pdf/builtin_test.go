package pdf_test

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/pdf"
	"github.com/afterchat/afterchat/internal/pdf/pdftest"
	"github.com/afterchat/afterchat/templates"
)

func builtIn(t testing.TB) *pdf.Fonts {
	t.Helper()
	f, err := pdf.BuiltInFonts()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// made makes a PDF with the built-in engine and fonts and reads it.
func made(t testing.TB, d templates.Document) pdftest.File {
	t.Helper()
	return pdftest.Read(t, laidOut(t, d))
}

func laidOut(t testing.TB, d templates.Document) []byte {
	t.Helper()
	out, err := pdf.NewWith(renderer(t), builtIn(t), "", ignored).Make(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	if out.Engine != pdf.EngineBuiltIn || fault.CodeOf(out.Fallback) != "no_browser" {
		t.Errorf("made by %s: %v", out.Engine, out.Fallback)
	}
	return out.Content
}

func ignored(string, string, time.Duration) {}

func TestEveryMessageIsOnSomePageInItsOrder(t *testing.T) {
	t.Parallel()
	f := made(t, document(t, numbered(90)...))
	if len(f.Pages) < 4 {
		t.Fatalf("%d pages", len(f.Pages))
	}
	text, at := f.Text(), 0
	for i := range 90 {
		for _, word := range []string{"begin", "end"} {
			word += strconv.Itoa(1000 + i)[1:]
			next := strings.Index(text[at:], word)
			if next < 0 || strings.Count(text, word) != 1 {
				t.Fatalf("%s is missing, out of order, or there twice", word)
			}
			at += next
		}
	}
}

func TestPagesAreA4AndNumbered(t *testing.T) {
	t.Parallel()
	f := made(t, document(t, numbered(40)...))
	if math.Abs(f.Width-595.28) > 0.01 || math.Abs(f.Height-841.89) > 0.01 {
		t.Errorf("%f × %f", f.Width, f.Height)
	}
	for i, page := range f.Pages {
		last := page[len(page)-1]
		if want := strconv.Itoa(i+1) + " / " + strconv.Itoa(len(f.Pages)); last.Text != want || last.Y > 50 {
			t.Errorf("page %d ends with %q at %f", i+1, last.Text, last.Y)
		}
		for _, l := range page[:len(page)-1] {
			if l.X < 47 || l.X > 548 || l.Y < 60 || l.Y > 800 {
				t.Errorf("page %d: %q stands at %f, %f", i+1, l.Text, l.X, l.Y)
			}
		}
	}
}

func TestADocumentSaysWhatItIsAndWhoItIsFrom(t *testing.T) {
	t.Parallel()
	f := made(t, document(t, "Hello"))
	if f.Title != "Your chat with Acmé Coffee: Espresso Pro 3" || f.Author != "Acmé Coffee" || f.Lang != "en" {
		t.Errorf("%q by %q in %q", f.Title, f.Author, f.Lang)
	}
}

func TestTextIsSeenInItsDirection(t *testing.T) {
	t.Parallel()
	fonts := builtIn(t)
	for name, c := range map[string]struct {
		text, seen  string
		rightToLeft bool
	}{
		"left to right":                       {"Hello, world (1)", "Hello, world (1)", false},
		"Hebrew":                              {"שלום עולם", "םלוע םולש", false},
		"Hebrew in English, a number between": {"abc שלום 123 עולם def", "abc םלוע 123 םולש def", false},
		"English in Hebrew, in brackets that are mirrored": {"שלום (abc) סוף", "ףוס )abc( םולש", false},
		"a number in Arabic":                               {"رقم 12345 وصل", "لصو 12345 مقر", false},
		"what has no direction goes with the document":     {"123!", "!123", true},
		"an isolated name does not decide":                 {"\u2068שלום\u2069 joined.", "\u2068םולש\u2069 joined.", false},
		"nor does one in English decide against Hebrew":    {"\u2068Bo\u2069 הצטרף.", ".ףרטצה \u2069Bo\u2068", true},
		"punctuation after Hebrew in an English paragraph": {"He said שלום.", "He said םולש.", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := pdf.Visual(fonts, c.text, math.Inf(1), c.rightToLeft); len(got) != 1 || got[0] != c.seen {
				t.Errorf("%q, want %q", got, c.seen)
			}
		})
	}
}

func TestLinesOfRightToLeftTextFollowEachOther(t *testing.T) {
	t.Parallel()
	got := pdf.Visual(builtIn(t), "אחת שתיים שלוש ארבע חמש", 6000, false)
	if want := []string{"םייתש תחא", "עברא שולש", "שמח"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestArabicIsJoined(t *testing.T) {
	t.Parallel()
	ids := pdf.GlyphIDs(builtIn(t), "ببب")
	if len(ids) != 3 || ids[0] == ids[1] || ids[1] == ids[2] || ids[0] == ids[2] {
		t.Errorf("three letters have the glyphs %v", ids)
	}
	// Lam and alef are one glyph, and come out of the PDF as two letters in their order.
	text := made(t, document(t, scripts["Arabic"])).Text()
	if want := reversed(scripts["Arabic"]); !strings.Contains(text, want) {
		t.Errorf("no %q in %q", want, text)
	}
}

func reversed(s string) string {
	r := []rune(s)
	slices.Reverse(r)
	return string(r)
}

func TestTheBuiltInFontsHaveTheScriptsThatHaveToWork(t *testing.T) {
	t.Parallel()
	fonts := builtIn(t)
	for name, text := range scripts {
		for _, r := range text {
			if !fonts.Has(r) {
				t.Errorf("%s: no %q", name, r)
			}
		}
	}
}

func TestWhatNoFontShowsIsWrittenAsItsNumberAndCounted(t *testing.T) {
	t.Parallel()
	text := strings.ReplaceAll(made(t, document(t, "Thanks \U0001F937 中", "ok")).Text(), "\n", " ")
	for _, want := range []string{"Thanks [U+1F937] [U+4E2D]", "could not be shown with the fonts here: 2"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	if text := made(t, document(t, "Thanks", "ok")).Text(); strings.Contains(text, "could not be shown") {
		t.Error("all can be shown, and it says otherwise")
	}
}

func TestAWordLongerThanALineIsBroken(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("abcdefghij", 100)
	lines := pdf.Visual(builtIn(t), text, 20_000, false)
	if strings.Join(lines, "") != text || len(lines) < 20 {
		t.Errorf("%d lines of %d bytes", len(lines), len(strings.Join(lines, "")))
	}
	fits(t, builtIn(t), text, 20_000)
}

func fits(t testing.TB, fonts *pdf.Fonts, text string, width float64) {
	t.Helper()
	widths, pieces := pdf.Widths(fonts, text, width)
	for i, w := range widths {
		if w > width && pieces[i] > 1 {
			t.Errorf("line %d is %f wide, there is room for %f", i, w, width)
		}
	}
}

func FuzzLines(f *testing.F) {
	for _, text := range scripts {
		f.Add(text)
	}
	f.Add("a\u200db \u2067x\u2069 👨‍👩‍👧 1️⃣ e\u0301\u0301 \U000E0041\ufffd")
	fonts, err := pdf.BuiltInFonts()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(strings.Map(func(r rune) rune {
			if unicode.IsControl(r) || r >= 0x2028 && r <= 0x202e {
				return -1
			}
			return r
		}, text), "")
		fits(t, fonts, text, 9000)
		count := func(s string) (n int) {
			for _, r := range s {
				if !unicode.IsSpace(r) {
					n++
				}
			}
			return n
		}
		if got := strings.Join(pdf.Visual(fonts, text, 9000, false), ""); count(got) != count(text) {
			t.Errorf("%q became %q", text, got)
		}
	})
}

func TestLinksOfADocumentCanBeFollowed(t *testing.T) {
	t.Parallel()
	s := snapshot("see")
	s.Messages[0].Attachments = []chat.Attachment{{Name: "photo.jpg", URL: `https://files.example/a(1)\b?x=y&z`, Size: 48211}}
	f := made(t, renderer(t).DocumentForCustomer(templates.ForCustomer(s, options())))
	if !slices.Contains(f.Links, `https://files.example/a(1)%5Cb?x=y&z`) && !slices.Contains(f.Links, `https://files.example/a(1)\b?x=y&z`) {
		t.Errorf("links: %q", f.Links)
	}
	if !strings.Contains(f.Text(), "photo.jpg (47 KB)") {
		t.Error("the file's name is missing")
	}
}

func TestAPictureIsShownWhereItCanBeRead(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"image/png", "image/jpeg", "image/gif"} {
		f := made(t, pictured(t, kind, numbered(40)...))
		if text := f.Text(); len(f.Pictures) != 1 || !strings.Contains(text, "violet.png") || !strings.Contains(text, "broken.png") {
			t.Errorf("%s: %d pictures", kind, len(f.Pictures))
		}
	}
}

func TestAnAudiencesPagesHoldWhatItMaySee(t *testing.T) {
	t.Parallel()
	s := snapshot("Hello")
	customer := made(t, renderer(t).DocumentForCustomer(templates.ForCustomer(s, options()))).Text()
	internal := made(t, renderer(t).DocumentForInternal(templates.ForInternal(s, options()))).Text()
	for _, secret := range []string{"Boiler replaced", "Ekholm"} {
		if strings.Contains(customer, secret) {
			t.Errorf("the customer reads %q", secret)
		}
		if !strings.Contains(internal, secret) {
			t.Errorf("colleagues do not read %q", secret)
		}
	}
}

func TestWhatIsTooLargeOrTooSlowIsRefused(t *testing.T) {
	t.Parallel()
	m := pdf.NewWith(renderer(t), builtIn(t), "", ignored)
	if _, err := m.Make(t.Context(), document(t, strings.Repeat("word ", pdf.BuiltInText/5+1))); !fault.Is(err, fault.Invalid) || fault.CodeOf(err) != "pdf_too_large" {
		t.Errorf("too large: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Make(ctx, document(t, numbered(3)...)); !fault.Is(err, fault.Transient) {
		t.Errorf("no time: %v", err)
	}
}

func BenchmarkBuiltIn(b *testing.B) {
	m := pdf.NewWith(renderer(b), builtIn(b), "", ignored)
	d := document(b, numbered(40)...)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Make(b.Context(), d); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAnArabicDocumentStartsAtTheRight(t *testing.T) {
	t.Parallel()
	s := snapshot("Hello", "مرحبا")
	s.Locale = "ar"
	f := made(t, renderer(t).DocumentForCustomer(templates.ForCustomer(s, options())))
	if f.Lang != "ar" {
		t.Errorf("the language is %q", f.Lang)
	}
	at := map[string]float64{}
	for _, l := range f.Pages[0] {
		at[l.Text] = l.X
	}
	// In English and from left to right, but from the right margin or the table's column.
	for text, from := range map[string]float64{"Acmé Coffee": 400, "c_8412": 300} {
		if x, ok := at[text]; !ok || x < from {
			t.Errorf("%q stands at %f", text, x)
		}
	}
	// What people write stands where it begins.
	if at["Hello"] > 100 || at[reversed("مرحبا")] < 400 {
		t.Errorf("messages stand at %f and %f", at["Hello"], at[reversed("مرحبا")])
	}
	// A name in Latin letters is at the right of its line, before the role.
	for _, l := range f.Pages[0] {
		if strings.Contains(l.Text, "Ann Lee") && strings.Contains(l.Text, "٥١") && !strings.HasSuffix(l.Text, "Ann Lee") {
			t.Errorf("the name is not first from the right: %q", l.Text)
		}
	}
}
