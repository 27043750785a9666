package pdf

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	_ "image/gif"  // people send them, too
	_ "image/jpeg" // and these
	_ "image/png"  // and these

	_ "golang.org/x/image/webp" // and these

	"github.com/afterchat/afterchat/internal/upright"
	"github.com/afterchat/afterchat/templates"
)

const (
	// mostPixels is how large an image may be that is decoded here: some 100 MB in memory.
	// A pixel of 16 bits a colour counts as two.
	mostPixels = 25_000_000
	// allPixels is how large all images of a document may be together: some seconds' work.
	// A file says nothing of that; an empty picture of 25 million pixels has 3 KB.
	allPixels = 4 * mostPixels
	// pictureHeight is how high an image stands on a page at most, in points.
	pictureHeight = 255.0
	// pixel is how large an image's pixel is if there is room, in points: 96 to the inch.
	pixel = 0.75
)

// picture draws an image that goes with a message, if there is one and it can be read; its
// name stands above it in any case.
func (b *book) picture(cid, ground string) {
	p, ok := b.pictures[cid]
	if !ok {
		return
	}
	id, d := b.w.picture(p)
	if id == 0 {
		return
	}
	size := d.size
	scale := min(pixel, (contentWidth-2*padding)/float64(size.X), pictureHeight/float64(size.Y))
	width, height := float64(size.X)*scale, float64(size.Y)*scale
	b.room(height + padding)
	b.ground(ground, padding/2)
	top := b.y
	b.ground(ground, height+padding/2)
	b.place(b.keep(id, d), "", b.atStart(padding, width), top-height, width, height)
}

// drawn is an image that the pages have: its number there, the size in pixels that it is
// seen in, and how it is turned for that.
type drawn struct {
	number int
	size   image.Point
	turn   upright.Turn
}

// keep makes an image's object one of the pages'.
func (b *book) keep(id int, d drawn) drawn {
	b.images = append(b.images, id)
	d.number = len(b.images) - 1
	return d
}

// place draws an image into a rectangle whose lower left corner is x, y; clip is a path to
// cut it by, in the rectangle's own measure of 1 by 1.
func (b *book) place(d drawn, clip string, x, y, width, height float64) {
	fmt.Fprintf(&b.content, "q %s 0 0 %s %s %s cm %s%s/I%d Do Q\n", num(width), num(height), num(x), num(y), clip, turning(d.turn), d.number)
}

// turning returns the operator that turns an image within a square of 1 by 1, "" where it
// stays as it is.
func turning(t upright.Turn) string {
	if t == (upright.Turn{}) {
		return ""
	}
	// X and Y of what is seen, as a, c, e and b, d, f of PDF 32000-1, 8.3.4; Y goes up.
	x, y := [3]float64{1, 0, 0}, [3]float64{0, 1, 0}
	if t.Transpose {
		x, y = [3]float64{0, -1, 1}, [3]float64{-1, 0, 1}
	}
	if t.Mirror {
		x = [3]float64{-x[0], -x[1], 1 - x[2]}
	}
	if t.Flip {
		y = [3]float64{-y[0], -y[1], 1 - y[2]}
	}
	return fmt.Sprintf("%s %s %s %s %s %s cm ", num(x[0]), num(y[0]), num(x[1]), num(y[1]), num(x[2]), num(y[2]))
}

// atStart returns where what is so wide, and so far from the margin at which lines start,
// has its left side.
func (b *book) atStart(from, width float64) float64 {
	if b.rightToLeft {
		return pageWidth - sideMargin - from - width
	}
	return sideMargin + from
}

const (
	logoHeight, logoWidth = 30.0, contentWidth * 0.6
	faceSize, faceGap     = 15.0, 4.0
	// circle is the path of a circle in a square of 1 by 1, by four curves of Bézier, and
	// cuts what follows by it.
	circle = "1 0.5 m 1 0.776 0.776 1 0.5 1 c 0.224 1 0 0.776 0 0.5 c 0 0.224 0.224 0 0.5 0 c 0.776 0 1 0.224 1 0.5 c W n "
)

// logo draws the brand's logo and reports whether it did.
func (b *book) logo(p templates.Picture) bool {
	id, d := b.w.picture(p)
	if id == 0 {
		return false
	}
	size := d.size
	scale := min(logoHeight/float64(size.Y), logoWidth/float64(size.X))
	width, height := float64(size.X)*scale, float64(size.Y)*scale
	b.space(2)
	b.place(b.keep(id, d), "", b.atStart(0, width), b.y-height, width, height)
	b.y -= height + 2
	return true
}

// face draws a photo, round, beside the line that comes next, and returns how much room
// it takes there: none where there is no such photo.
func (b *book) face(address string) float64 {
	d, known := b.faces[address]
	if !known {
		if id, picture := b.w.picture(b.photos[address]); id != 0 {
			kept := b.keep(id, picture)
			d = &kept
		}
		b.faces[address] = d
	}
	if d == nil {
		return 0
	}
	b.place(*d, circle, b.atStart(0, faceSize), b.y-faceSize, faceSize, faceSize)
	return faceSize + faceGap
}

// picture adds an image file and returns its object, 0 where it cannot be read, and how it
// is drawn. A JPEG goes in as it came. A file that a decoder trips over costs that picture,
// and not the document.
func (w *writer) picture(p templates.Picture) (id int, d drawn) {
	defer func() {
		if recover() != nil {
			id = 0
		}
	}()
	img, format := w.decoded(p.Content)
	if img == nil {
		return 0, drawn{}
	}
	size, turn := img.Bounds().Size(), upright.Of("image/"+format, p.Content).Turn()
	d = drawn{size: turn.Size(size), turn: turn}
	if format == "jpeg" {
		switch img.(type) {
		case *image.YCbCr:
			return w.jpeg(p.Content, size, "DeviceRGB"), d
		case *image.Gray:
			return w.jpeg(p.Content, size, "DeviceGray"), d
		}
	}
	return w.image(img), d
}

// decoded returns an image and its format, nil where it cannot be read or is too large:
// what does not decode here would show nothing on the page.
func (w *writer) decoded(content []byte) (image.Image, string) {
	config, _, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil || !w.takesOn(config) {
		return nil, ""
	}
	img, format, err := image.Decode(bytes.NewReader(content))
	if err != nil || img.Bounds().Empty() {
		return nil, ""
	}
	return img, format
}

// takesOn reports whether there is room for an image, and takes it.
func (w *writer) takesOn(c image.Config) bool {
	if c.Width <= 0 || c.Height <= 0 || c.Width > mostPixels/c.Height {
		return false
	}
	pixels := c.Width * c.Height
	if c.ColorModel == color.NRGBA64Model || c.ColorModel == color.RGBA64Model {
		pixels *= 2
	}
	if pixels > mostPixels || w.pixels+pixels > allPixels {
		return false
	}
	w.pixels += pixels
	return true
}

func (w *writer) jpeg(content []byte, size image.Point, space string) int {
	id := w.reserve()
	w.offsets[id-1] = w.out.Len()
	fmt.Fprintf(&w.out, "%d 0 obj\n<< /Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 8 /ColorSpace /%s /Length %d /Filter /DCTDecode >>\nstream\n",
		id, size.X, size.Y, space, len(content))
	w.out.Write(content)
	w.out.WriteString("\nendstream\nendobj\n")
	return id
}
