package pdf_test

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/pdf/pdftest"
	"github.com/afterchat/afterchat/templates"
)

const boPhoto, coPhoto = "https://photos.example/bo.jpg", "https://photos.example/co.jpg"

// illustrated is a chat with a logo, an agent who has a photo, and one whose photo was not
// to be had.
func illustrated(t testing.TB, locale string, n int) templates.Document {
	t.Helper()
	s := snapshot(numbered(n)...)
	s.Locale = locale
	s.Agents[0].PhotoURL = boPhoto
	s.Agents = append(s.Agents, s.Agents[0])
	s.Agents[1].ID, s.Agents[1].DisplayName, s.Agents[1].PhotoURL = "a_2", "Co", coPhoto
	s.Messages[3].Author.ID = "a_2"
	o := options()
	o.Brand.LogoURL, o.Agents.Photos = "https://acme.example/logo.png", true
	d := renderer(t).DocumentForCustomer(templates.ForCustomer(s, o))
	d.Logo = templates.Picture{ContentType: "image/png", Content: painted(t, 300, 100, color.RGBA{R: 0xa0, B: 0xf0, A: 0xff}, false)}
	d.Photos = map[string]templates.Picture{boPhoto: {ContentType: "image/jpeg", Content: painted(t, 96, 96, color.RGBA{R: 0xa0, B: 0xf0, A: 0xff}, true)}}
	return d
}

func painted(t testing.TB, width, height int, c color.Color, asJPEG bool) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(img, img.Bounds(), image.NewUniform(c), image.Point{}, draw.Src)
	var b bytes.Buffer
	err := png.Encode(&b, img)
	if asJPEG {
		b.Reset()
		err = jpeg.Encode(&b, img, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// mirrored is a picture's place on a page seen from the side where its lines start.
func mirrored(f pdftest.File, p pdftest.Picture, rightToLeft bool) float64 {
	if rightToLeft {
		return f.Width - p.X - p.Width
	}
	return p.X
}

func TestTheLogoStandsAtTheHeadAndPhotosBesideNames(t *testing.T) {
	t.Parallel()
	for _, locale := range []string{"en", "ar"} {
		t.Run(locale, func(t *testing.T) {
			t.Parallel()
			f := made(t, illustrated(t, locale, 60))
			logo := f.Pictures[0]
			if logo.Page != 0 || math.Abs(logo.Height-30) > 0.01 || math.Abs(logo.Width-90) > 0.01 || math.Abs(mirrored(f, logo, locale == "ar")-48) > 0.01 || logo.Y < 740 {
				t.Errorf("the logo stands at %+v", logo)
			}
			if strings.Contains(f.Pages[0][0].Text, "Acm") && !strings.Contains(f.Pages[0][0].Text, "Espresso") {
				t.Error("the name stands beside the logo")
			}
			// Of 30 answers one is by somebody without a photo.
			if len(f.Pictures) != 1+29 || len(f.Pages) < 3 {
				t.Fatalf("%d pictures on %d pages", len(f.Pictures), len(f.Pages))
			}
			for _, p := range f.Pictures[1:] {
				if p.Image != 1 || math.Abs(mirrored(f, p, locale == "ar")-48) > 0.01 || p.Width != 15 || p.Height != 15 {
					t.Errorf("a photo stands at %+v", p)
				}
				if name := beside(f, p); !strings.Contains(name.Text, "Bo") || name.X < 48+19 && locale == "en" || name.X > f.Width-48-19 {
					t.Errorf("beside a photo stands %+v", name)
				}
			}
			for _, page := range f.Pages {
				for _, l := range page {
					if strings.HasPrefix(l.Text, "\u2068Co") && l.X > 48.01 {
						t.Errorf("a name without a photo stands at %f", l.X)
					}
				}
			}
		})
	}
}

// beside returns the line that a photo stands beside.
func beside(f pdftest.File, p pdftest.Picture) pdftest.Line {
	for _, l := range f.Pages[p.Page] {
		if l.Y > p.Y && l.Y < p.Y+p.Height {
			return l
		}
	}
	return pdftest.Line{}
}

func TestAPhotoIsInTheFileOnce(t *testing.T) {
	t.Parallel()
	d := illustrated(t, "en", 60)
	out := laidOut(t, d)
	if n := bytes.Count(out, d.Photos[boPhoto].Content); n != 1 {
		t.Errorf("it is there %d times", n)
	}
}

func TestAWideLogoFitsThePageAndABrokenOneIsTheName(t *testing.T) {
	t.Parallel()
	d := illustrated(t, "en", 4)
	d.Logo.Content = painted(t, 720, 6, color.Black, false)
	if logo := made(t, d).Pictures[0]; math.Abs(logo.Width/logo.Height-120) > 1 || logo.X+logo.Width > 400 {
		t.Errorf("it stands at %+v", logo)
	}
	d.Logo.Content, d.Photos[boPhoto] = d.Logo.Content[:30], templates.Picture{ContentType: "image/jpeg", Content: []byte("<svg/>")}
	if f := made(t, d); len(f.Pictures) != 0 || f.Pages[0][0].Text != "Acmé Coffee" {
		t.Errorf("%d pictures, and it begins with %q", len(f.Pictures), f.Pages[0][0].Text)
	}
}
