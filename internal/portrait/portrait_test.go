package portrait_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/afterchat/afterchat/internal/fetch"
	"github.com/afterchat/afterchat/internal/portrait"
	"github.com/afterchat/afterchat/internal/upright/uprighttest"
	"github.com/afterchat/afterchat/templates"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is a server of pictures on loopback and a gallery that may ask it, and otherwise
// public addresses alone. It counts what it was asked for.
func server(t *testing.T, pages map[string]http.HandlerFunc) (*portrait.Gallery, string, *atomic.Int64) {
	t.Helper()
	asked := new(atomic.Int64)
	mux := http.NewServeMux()
	for path, page := range pages {
		mux.HandleFunc("GET "+path, page)
	}
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	authorities := x509.NewCertPool()
	authorities.AddCert(s.Certificate())
	f := fetch.New(fetch.Options{
		TLS: &tls.Config{RootCAs: authorities},
		Control: func(network, address string, c syscall.RawConn) error {
			if address == s.Listener.Addr().String() {
				return nil
			}
			return fetch.Public(network, address, c)
		},
	})
	t.Cleanup(f.Close)
	return portrait.New(f), s.URL, asked
}

func serve(contentType string, content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Write(content)
	}
}

// document is one that needs a logo and photos.
func document(logo string, photos ...string) *templates.Document {
	d := &templates.Document{Brand: templates.Brand{LogoURL: logo}, Sections: []templates.Section{{}}}
	for _, address := range photos {
		d.Sections[0].Parts = append(d.Sections[0].Parts, templates.Part{Day: "Friday"}, templates.Part{Said: &templates.Said{Photo: address}})
	}
	return d
}

// banner is an image of three colours side by side, the middle one half transparent.
func banner(width, height int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i, c := range []color.NRGBA{{R: 255, A: 255}, {G: 255, A: 128}, {B: 255, A: 255}} {
		draw.Draw(img, image.Rect(i*width/3, 0, (i+1)*width/3, height), image.NewUniform(c), image.Point{}, draw.Src)
	}
	return img
}

func pngOf(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// read decodes what has become of a picture, which must be what it says.
func read(t *testing.T, p templates.Picture, contentType string) image.Image {
	t.Helper()
	img, format, err := image.Decode(bytes.NewReader(p.Content))
	if err != nil || p.ContentType != contentType || "image/"+format != contentType {
		t.Fatalf("%s of %d bytes, which is %s: %v", p.ContentType, len(p.Content), format, err)
	}
	return img
}

func near(t *testing.T, img image.Image, x, y int, want color.NRGBA) {
	t.Helper()
	got := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
	for _, d := range [...]int{int(got.R) - int(want.R), int(got.G) - int(want.G), int(got.B) - int(want.B), int(got.A) - int(want.A)} {
		if d < -12 || d > 12 {
			t.Errorf("at %d, %d it is %v, want %v", x, y, got, want)
			return
		}
	}
}

func TestAPhotoIsTheMiddleOfAPictureAndSmall(t *testing.T) {
	t.Parallel()
	wide := banner(900, 300)
	for name, content := range map[string][]byte{"png": pngOf(t, wide), "jpeg": jpegOf(t, banner(900, 300))} {
		g, url, _ := server(t, map[string]http.HandlerFunc{"/bo": serve("image/"+name, content)})
		d := document("", url+"/bo")
		g.Hang(t.Context(), d)
		img := read(t, d.Photos[url+"/bo"], "image/jpeg")
		if img.Bounds() != image.Rect(0, 0, 96, 96) {
			t.Errorf("%s: it is %v", name, img.Bounds())
		}
		if name == "png" {
			// Half of green is seen, on white.
			near(t, img, 10, 48, color.NRGBA{R: 127, G: 255, B: 127, A: 255})
			near(t, img, 86, 48, color.NRGBA{R: 127, G: 255, B: 127, A: 255})
		}
	}
}

func TestAPhotoIsTheMiddleOfAPictureThatBeginsElsewhere(t *testing.T) {
	t.Parallel()
	frame := image.NewPaletted(image.Rect(40, 20, 340, 120), color.Palette{color.NRGBA{R: 255, A: 255}, color.NRGBA{G: 255, A: 255}, color.NRGBA{B: 255, A: 255}})
	for x := 40; x < 340; x++ {
		for y := 20; y < 120; y++ {
			frame.SetColorIndex(x, y, uint8((x-40)/100))
		}
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{frame}, Delay: []int{0}, Config: image.Config{Width: 400, Height: 200}}); err != nil {
		t.Fatal(err)
	}
	g, url, _ := server(t, map[string]http.HandlerFunc{"/bo": serve("image/gif", b.Bytes())})
	d := document("", url+"/bo")
	g.Hang(t.Context(), d)
	img := read(t, d.Photos[url+"/bo"], "image/jpeg")
	for _, at := range []int{8, 48, 88} {
		near(t, img, at, at, color.NRGBA{G: 255, A: 255})
	}
}

func TestALogoIsWholeAndKeepsItsTransparency(t *testing.T) {
	t.Parallel()
	for size, want := range map[image.Point]image.Rectangle{
		{X: 90, Y: 30}: image.Rect(0, 0, 90, 30), {X: 3000, Y: 300}: image.Rect(0, 0, 720, 72), {X: 300, Y: 900}: image.Rect(0, 0, 50, 150), {X: 9000, Y: 2}: image.Rect(0, 0, 720, 1), {X: 3, Y: 900}: image.Rect(0, 0, 1, 150),
	} {
		g, url, _ := server(t, map[string]http.HandlerFunc{"/logo": serve("image/png", pngOf(t, banner(size.X, size.Y)))})
		d := document(url + "/logo")
		g.Hang(t.Context(), d)
		img := read(t, d.Logo, "image/png")
		if img.Bounds() != want {
			t.Errorf("of %v it is %v, want %v", size, img.Bounds(), want)
		}
		if want.Dx() == 1 {
			continue
		}
		y := want.Dy() / 2
		near(t, img, want.Dx()/6, y, color.NRGBA{R: 255, A: 255})
		near(t, img, want.Dx()/2, y, color.NRGBA{G: 255, A: 128})
		near(t, img, want.Dx()*5/6, y, color.NRGBA{B: 255, A: 255})
	}
}

func TestWhatIsNoPictureIsLeftOutAndTheOthersAreThere(t *testing.T) {
	t.Parallel()
	inside := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a private address was asked") }))
	t.Cleanup(inside.Close)
	whole := pngOf(t, banner(60, 60))
	g, url, _ := server(t, map[string]http.HandlerFunc{
		"/svg":      serve("image/svg+xml", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)),
		"/html":     serve("image/png", []byte("<!doctype html><script>alert(1)</script>")),
		"/page":     serve("text/html", whole),
		"/long":     serve("image/png", append(bytes.Clone(whole), make([]byte, 3<<20)...)),
		"/wide":     serve("image/png", pngOf(t, image.NewGray(image.Rect(0, 0, 13_000, 1_000)))),
		"/cut":      serve("image/png", whole[:len(whole)/2]),
		"/gone":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) },
		"/redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inside.URL, http.StatusFound) },
		"/good":     serve("image/png", whole),
	})
	var addresses []string
	for _, name := range []string{"svg", "html", "page", "long", "wide", "cut", "gone", "redirect"} {
		addresses = append(addresses, url+"/"+name)
	}
	for _, logo := range append(addresses, inside.URL, "http://plain.example/logo.png") {
		d := document(logo, append(append([]string{inside.URL}, addresses...), url+"/good")...)
		g.Hang(t.Context(), d)
		if d.Logo.Content != nil {
			t.Errorf("%s became a logo", logo)
		}
		if len(d.Photos) != 1 || d.Photos[url+"/good"].Content == nil {
			t.Errorf("%d photos", len(d.Photos))
		}
	}
}

// shelf is a fetcher of one picture, which is wherever it is asked for but where nothing is
// ("/gone") or where nobody answers ("/slow").
type shelf struct {
	picture []byte
	asked   atomic.Int64
}

func (s *shelf) Get(ctx context.Context, address string, _ fetch.Limits) (fetch.File, error) {
	if err := ctx.Err(); err != nil {
		return fetch.File{}, err
	}
	s.asked.Add(1)
	switch {
	case strings.Contains(address, "/slow"):
		<-ctx.Done()
		return fetch.File{}, ctx.Err()
	case strings.Contains(address, "/gone"):
		return fetch.File{}, errors.New("gone")
	}
	return fetch.File{Content: s.picture, ContentType: "image/png", Image: true}, nil
}

func TestAServerThatHangsTakesThreeSecondsAndIsThenLeftAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{picture: pngOf(t, banner(60, 60))}
		g := portrait.New(s)
		photos := []string{"https://a.example/good"}
		for i := range 30 {
			photos = append(photos, fmt.Sprintf("https://a.example/slow/%d", i))
		}
		began := time.Now()
		d := document("https://a.example/slow/logo", photos...)
		g.Hang(t.Context(), d)
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("it took %v", took)
		}
		// The good one, twice four that hang, and perhaps four more as the time is up.
		before := s.asked.Load()
		if len(d.Photos) != 1 || d.Logo.Content != nil || before < 9 || before > 13 {
			t.Errorf("%d photos after %d questions", len(d.Photos), before)
		}
		began = time.Now()
		g.Hang(t.Context(), document("https://a.example/slow/logo", "https://a.example/good"))
		if took := time.Since(began); took != 0 || s.asked.Load() != before {
			t.Errorf("the same again took %v and %d questions", took, s.asked.Load()-before)
		}
		// Who has no time says nothing about the pictures.
		none, cancel := context.WithCancel(t.Context())
		cancel()
		d = document("https://a.example/good?logo", "https://a.example/good?photo")
		g.Hang(none, d)
		if g.Hang(t.Context(), d); d.Logo.Content == nil || len(d.Photos) != 1 {
			t.Error("pictures that there was no time for are thought not to be there")
		}
	})
}

func TestAPictureIsAskedForAgainAfterAnHourAndOneThatWasNotThereAfterAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{picture: pngOf(t, banner(60, 60))}
		g := portrait.New(s)
		for _, step := range []struct {
			wait time.Duration
			want int64
		}{{0, 2}, {59 * time.Second, 2}, {time.Second, 3}, {58 * time.Minute, 4}, {time.Minute, 6}} {
			time.Sleep(step.wait)
			g.Hang(t.Context(), document("", "https://a.example/bo", "https://a.example/gone"))
			if got := s.asked.Load(); got != step.want {
				t.Errorf("after %v more it was asked %d times, want %d", step.wait, got, step.want)
			}
		}
	})
}

func TestPicturesAreFetchedOnceAndOfSomePeopleAlone(t *testing.T) {
	t.Parallel()
	picture := serve("image/png", pngOf(t, banner(60, 60)))
	g, url, asked := server(t, map[string]http.HandlerFunc{"/": picture})
	var photos []string
	for i := range 50 {
		photos = append(photos, fmt.Sprintf("%s/%d", url, i%25))
	}
	for range 3 {
		// The same address is a logo, which is whole, and a photo, which is cut.
		d := document(url+"/0", photos...)
		g.Hang(t.Context(), d)
		if len(d.Photos) != 20 || asked.Load() != 21 || d.Logo.ContentType != "image/png" || d.Photos[url+"/0"].ContentType != "image/jpeg" {
			t.Errorf("%d photos after %d questions", len(d.Photos), asked.Load())
		}
	}
}

func TestPicturesAreUprightHoweverTheCameraWasHeld(t *testing.T) {
	t.Parallel()
	scene := uprighttest.Quarters(300, 100)
	colours := []color.NRGBA{{R: 255, A: 255}, {G: 255, A: 255}, {B: 255, A: 255}, {R: 255, G: 255, B: 255, A: 255}}
	for orientation := 1; orientation <= 8; orientation++ {
		for contentType, content := range map[string][]byte{"image/jpeg": uprighttest.JPEG(t, scene, orientation), "image/png": uprighttest.PNG(t, scene, orientation)} {
			g, url, _ := server(t, map[string]http.HandlerFunc{"/bo": serve(contentType, content)})
			d := document(url+"/bo", url+"/bo")
			g.Hang(t.Context(), d)
			for _, img := range []image.Image{read(t, d.Logo, "image/png"), read(t, d.Photos[url+"/bo"], "image/jpeg")} {
				size := img.Bounds().Size()
				if size != image.Pt(300, 100) && size != image.Pt(96, 96) {
					t.Errorf("%s, %d: it is %v", contentType, orientation, size)
				}
				for i, want := range colours {
					near(t, img, size.X/4+i%2*size.X/2, size.Y/4+i/2*size.Y/2, want)
				}
			}
		}
	}
}

// tripping panics over whatever it is asked for, as decoders have over broken files.
type tripping struct{}

func (tripping) Get(context.Context, string, fetch.Limits) (fetch.File, error) {
	panic("index out of range")
}

func TestWhatTripsOverAPictureCostsThatPictureAlone(t *testing.T) {
	t.Parallel()
	d := document("https://a.example/logo", "https://a.example/bo")
	portrait.New(tripping{}).Hang(t.Context(), d)
	if d.Logo.Content != nil || len(d.Photos) != 0 {
		t.Errorf("%d photos", len(d.Photos))
	}
}
