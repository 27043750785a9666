// Package upright shows pictures the way they were seen.
//
// A camera that is held sideways writes the picture as it lies on its sensor and, beside
// it, how that was held: the tag Orientation of EXIF 2.32, 4.6.4 (TIFF 6.0, page 36). Go's
// decoders leave that to whoever shows the picture.
package upright

import (
	"bytes"
	"image"
	"image/color"

	"github.com/bep/imagemeta"
)

// Orientation is how a picture is stored: 1 as it is to be seen, 2 to 8 mirrored or on one
// of its sides. Any other value is as good as 1.
type Orientation uint8

// Of returns the orientation of an image file, 1 where it says none.
func Of(contentType string, content []byte) Orientation {
	format, ok := formats[contentType]
	if !ok {
		return 1
	}
	found := Orientation(1)
	// An error says no more than that there is no orientation to be had.
	_, _ = imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(content), ImageFormat: format, Sources: imagemeta.EXIF,
		ShouldHandleTag: func(t imagemeta.TagInfo) bool { return t.Namespace == "IFD0" && t.Tag == "Orientation" },
		HandleTag: func(t imagemeta.TagInfo) error {
			if v, ok := t.Value.(uint16); ok && v >= 1 && v <= 8 {
				found = Orientation(v)
			}
			return imagemeta.ErrStopWalking
		},
	})
	return found
}

var formats = map[string]imagemeta.ImageFormat{"image/jpeg": imagemeta.JPEG, "image/png": imagemeta.PNG, "image/webp": imagemeta.WebP}

// Turn is what has to be done to a stored picture, in this order: rows become columns, it
// is mirrored from left to right, and from top to bottom.
type Turn struct{ Transpose, Mirror, Flip bool }

// turns are by orientation. The tag says where the stored first row and first column are
// seen: of 6, for one, on the right and at the top.
var turns = [...]Turn{
	1: {}, 2: {Mirror: true}, 3: {Mirror: true, Flip: true}, 4: {Flip: true},
	5: {Transpose: true}, 6: {Transpose: true, Mirror: true}, 7: {Transpose: true, Mirror: true, Flip: true}, 8: {Transpose: true, Flip: true},
}

// Turn returns what has to be done to the picture.
func (o Orientation) Turn() Turn {
	if int(o) < len(turns) {
		return turns[o]
	}
	return Turn{}
}

// Size returns the size that a stored picture is seen in.
func (t Turn) Size(stored image.Point) image.Point {
	if t.Transpose {
		return image.Pt(stored.Y, stored.X)
	}
	return stored
}

// Image returns the picture as it is to be seen. It reads the stored one as it goes.
func (t Turn) Image(stored image.Image) image.Image {
	if t == (Turn{}) {
		return stored
	}
	return turned{stored, t}
}

// turned is an image that is seen otherwise than it is stored.
type turned struct {
	stored image.Image
	turn   Turn
}

func (i turned) ColorModel() color.Model { return i.stored.ColorModel() }

func (i turned) Bounds() image.Rectangle {
	return image.Rectangle{Max: i.turn.Size(i.stored.Bounds().Size())}
}

func (i turned) At(x, y int) color.Color {
	size := i.Bounds().Max
	if i.turn.Flip {
		y = size.Y - 1 - y
	}
	if i.turn.Mirror {
		x = size.X - 1 - x
	}
	if i.turn.Transpose {
		x, y = y, x
	}
	corner := i.stored.Bounds().Min
	return i.stored.At(corner.X+x, corner.Y+y)
}
