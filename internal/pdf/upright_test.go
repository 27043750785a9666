package pdf_test

import (
	"fmt"
	"image"
	"math"
	"testing"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/upright/uprighttest"
	"github.com/afterchat/afterchat/templates"
)

// storedAs are the types of images that say how they were taken.
var storedAs = map[string]func(testing.TB, image.Image, int) []byte{"image/jpeg": uprighttest.JPEG, "image/png": uprighttest.PNG}

// taken is a document with a picture of each orientation, in order.
func taken(t *testing.T, scene image.Image, contentType string) templates.Document {
	t.Helper()
	s := snapshot("Look")
	pictures := map[string]templates.Picture{}
	for orientation := 1; orientation <= 8; orientation++ {
		name := fmt.Sprint(orientation)
		s.Messages[0].Attachments = append(s.Messages[0].Attachments, chat.Attachment{ID: name, Name: name, URL: "https://example.com/" + name})
		pictures[name] = templates.Picture{ContentType: contentType, Content: storedAs[contentType](t, scene, orientation)}
	}
	view := templates.ForCustomer(s, options())
	for i := range view.Entries[0].Files {
		view.Entries[0].Files[i].CID = view.Entries[0].Files[i].Name
	}
	d := renderer(t).DocumentForCustomer(view)
	d.Pictures = pictures
	return d
}

func TestAPictureOfAChatIsUprightHoweverTheCameraWasHeld(t *testing.T) {
	t.Parallel()
	scene := uprighttest.Quarters(60, 30)
	for contentType := range storedAs {
		f := made(t, taken(t, scene, contentType))
		if len(f.Pictures) != 8 {
			t.Fatalf("%s: %d pictures", contentType, len(f.Pictures))
		}
		for i, p := range f.Pictures {
			if math.Abs(p.Width-45) > 0.1 || math.Abs(p.Height-22.5) > 0.1 {
				t.Errorf("%s, orientation %d: it is %f by %f", contentType, i+1, p.Width, p.Height)
			}
			isUpright(t, scene, i+1, p.Turned)
		}
	}
}

// isUpright looks where the middle of each quarter of what is stored is seen by a matrix.
func isUpright(t *testing.T, scene image.Image, orientation int, m [6]float64) {
	t.Helper()
	stored := uprighttest.Stored(scene, orientation)
	size, seen := stored.Bounds().Size(), scene.Bounds().Size()
	for _, u := range []float64{0.25, 0.75} {
		for _, v := range []float64{0.25, 0.75} { // upwards, as PDF has it
			x, y := m[0]*u+m[2]*v+m[4], m[1]*u+m[3]*v+m[5]
			got := stored.At(int(u*float64(size.X)), int((1-v)*float64(size.Y)))
			if want := scene.At(int(x*float64(seen.X)), int((1-y)*float64(seen.Y))); got != want {
				t.Errorf("orientation %d: at %g, %g it is %v, want %v", orientation, x, y, got, want)
			}
		}
	}
}
