package pdf_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/pdf"
	"github.com/afterchat/afterchat/internal/pdf/pdftest"
	"github.com/afterchat/afterchat/templates"
)

// Decoders that trip over a file, as decoders have: at once, or when a pixel is asked for.
const tripping, trapped = "TRIP", "TRAP"

func trip(io.Reader) (image.Image, error) { panic(errors.New("index out of range")) }

func trap(io.Reader) (image.Image, error) {
	img := image.NewPaletted(image.Rect(0, 0, 40, 20), color.Palette{color.White})
	img.Pix[33] = 1
	return img, nil
}

func measured(io.Reader) (image.Config, error) {
	return image.Config{ColorModel: color.RGBAModel, Width: 40, Height: 20}, nil
}

// spoilt are a picture's bytes, cut off and with some of them turned over.
func spoilt(content []byte) [][]byte {
	all := [][]byte{nil, []byte(tripping), []byte(trapped)}
	for n := 1; n < len(content); n += max(1, len(content)/12) {
		turned := bytes.Clone(content)
		for i := n; i < min(n+4, len(turned)); i++ {
			turned[i] ^= 0xff
		}
		all = append(all, content[:n], turned)
	}
	return all
}

func TestNoPictureThatCannotBeReadFailsAPDF(t *testing.T) {
	image.RegisterFormat("trip", tripping, trip, measured)
	image.RegisterFormat("trap", trapped, trap, measured)
	fonts := builtIn(t)
	for _, kind := range []string{"image/png", "image/jpeg", "image/gif"} {
		whole := pictured(t, kind, "Look").Pictures["whole"]
		all := spoilt(whole.Content)
		s := snapshot("Look")
		for i := range all {
			s.Messages[0].Attachments = append(s.Messages[0].Attachments, chat.Attachment{Name: fmt.Sprintf("picture%d.x", i), URL: "https://files.example/1"})
		}
		s.Messages[0].Attachments = append(s.Messages[0].Attachments, chat.Attachment{Name: "whole.x", URL: "https://files.example/2"})
		v := templates.ForCustomer(s, options())
		pictures := map[string]templates.Picture{"whole": whole}
		for i := range v.Entries[0].Files {
			v.Entries[0].Files[i].CID = "whole"
			if i < len(all) {
				v.Entries[0].Files[i].CID = fmt.Sprint(i)
				pictures[fmt.Sprint(i)] = templates.Picture{ContentType: kind, Content: all[i]}
			}
		}
		d := renderer(t).DocumentForCustomer(v)
		d.Pictures = pictures
		for _, logo := range all[:6] {
			d.Logo = templates.Picture{ContentType: kind, Content: logo}
			out, err := pdf.NewWith(renderer(t), fonts, "", ignored).Make(t.Context(), d)
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			if len(logo) > 4 { // they differ by their logo alone
				continue
			}
			f := pdftest.Read(t, out.Content)
			text := f.Text()
			if !strings.HasPrefix(text, "Acmé Coffee\n") {
				t.Errorf("%s: without a logo it begins with %.40q", kind, text)
			}
			for i := range all {
				if !strings.Contains(text, fmt.Sprintf("picture%d.x", i)) {
					t.Errorf("%s: a file is missing", kind)
				}
			}
			if !strings.Contains(text, "whole.x") || len(f.Pictures) == 0 {
				t.Errorf("%s: %d pictures", kind, len(f.Pictures))
			}
			for _, p := range f.Pictures {
				if p.Width <= 0 || p.Height <= 0 {
					t.Errorf("%s: a picture is %f by %f", kind, p.Width, p.Height)
				}
			}
		}
	}
}

func TestAnAnimationIsAsLargeAsItsFirstPicture(t *testing.T) {
	t.Parallel()
	d := pictured(t, "image/gif", "Look")
	content := bytes.Clone(d.Pictures["whole"].Content)
	content[6], content[8] = 200, 200 // the screen that it is for is larger
	d.Pictures["whole"] = templates.Picture{ContentType: "image/gif", Content: content}
	if f := made(t, d); len(f.Pictures) != 1 || f.Pictures[0].Width != 60 || f.Pictures[0].Height != 30 {
		t.Errorf("pictures: %+v", f.Pictures)
	}
}
