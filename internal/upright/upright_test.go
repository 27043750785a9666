package upright_test

import (
	"bytes"
	"image"
	"image/color"
	"strings"
	"testing"

	"github.com/afterchat/afterchat/internal/upright"
	"github.com/afterchat/afterchat/internal/upright/uprighttest"
)

func TestAPictureIsSeenAsTheCameraSawIt(t *testing.T) {
	t.Parallel()
	scene := uprighttest.Quarters(48, 32)
	for orientation := 1; orientation <= 8; orientation++ {
		for contentType, content := range map[string][]byte{"image/jpeg": uprighttest.JPEG(t, scene, orientation), "image/png": uprighttest.PNG(t, scene, orientation)} {
			o := upright.Of(contentType, content)
			if int(o) != orientation {
				t.Errorf("%s: orientation %d, want %d", contentType, o, orientation)
			}
			stored, _, err := image.Decode(bytes.NewReader(content))
			if err != nil {
				t.Fatal(err)
			}
			seen := o.Turn().Image(stored)
			if seen.Bounds() != scene.Bounds() || o.Turn().Size(stored.Bounds().Size()) != scene.Bounds().Size() {
				t.Fatalf("%s, %d: %v", contentType, orientation, seen.Bounds())
			}
			for _, at := range []image.Point{{X: 2, Y: 2}, {X: 45, Y: 2}, {X: 2, Y: 29}, {X: 45, Y: 29}, {X: 20, Y: 12}, {X: 28, Y: 20}} {
				got, want := color.NRGBAModel.Convert(seen.At(at.X, at.Y)).(color.NRGBA), color.NRGBAModel.Convert(scene.At(at.X, at.Y)).(color.NRGBA)
				if got.R>>7 != want.R>>7 || got.G>>7 != want.G>>7 || got.B>>7 != want.B>>7 {
					t.Errorf("%s, %d: at %v it is %v, want %v", contentType, orientation, at, got, want)
				}
			}
		}
	}
}

// webp is the head of a WebP with EXIF, orientation 6, and no picture.
const webp = "RIFF\x38\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00EXIF\x1a\x00\x00\x00" +
	"II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00"

func TestAWebPSaysHowItWasTakenToo(t *testing.T) {
	t.Parallel()
	if o := upright.Of("image/webp", []byte(webp)); o != 6 {
		t.Errorf("orientation %d, want 6", o)
	}
}

func TestAPictureThatDoesNotSayHowItWasTakenIsSeenAsItIs(t *testing.T) {
	t.Parallel()
	sideways := uprighttest.JPEG(t, uprighttest.Quarters(8, 8), 6)
	odd := bytes.Replace(sideways, []byte("\x12\x01\x03\x00\x01\x00\x00\x00\x06"), []byte("\x12\x01\x03\x00\x01\x00\x00\x00\x09"), 1)
	// One of its thumbnail: an empty IFD0, and the tag in IFD1.
	thumbnail := "II*\x00\x08\x00\x00\x00\x00\x00\x0e\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00"
	for name, f := range map[string]struct {
		contentType string
		content     []byte
	}{
		"but of its thumbnail": {"image/webp", []byte(strings.Replace(strings.Replace(webp[:38], "\x1a", "\x20", 1), "\x38", "\x3e", 1) + thumbnail)},
		"not at all":           {"image/jpeg", uprighttest.JPEG(t, uprighttest.Quarters(8, 8), 1)}, "in a way that there is not": {"image/jpeg", odd},
		"a type without": {"image/gif", sideways}, "another type": {"image/png", sideways}, "nothing": {"image/jpeg", nil},
		"half of it": {"image/jpeg", sideways[:24]}, "no picture": {"image/webp", []byte("RIFF\xff\xff\xff\xffWEBPEXIF\xff\xff\xff\xff")},
	} {
		if o := upright.Of(f.contentType, f.content); o != 1 || o.Turn() != (upright.Turn{}) {
			t.Errorf("%s: %d", name, o)
		}
	}
	for _, o := range []upright.Orientation{0, 9, 255} {
		if o.Turn() != (upright.Turn{}) {
			t.Errorf("%d is turned", o)
		}
	}
}

func FuzzAnOrientationIsOneOfEight(f *testing.F) {
	for orientation := range 9 {
		if orientation > 0 {
			f.Add(uprighttest.JPEG(f, uprighttest.Quarters(4, 4), orientation))
			f.Add(uprighttest.PNG(f, uprighttest.Quarters(4, 4), orientation))
		}
	}
	f.Add([]byte(webp))
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, contentType := range []string{"image/jpeg", "image/png", "image/webp", "image/gif"} {
			if o := upright.Of(contentType, content); o < 1 || o > 8 {
				t.Errorf("%s: %d", contentType, o)
			}
		}
	})
}
