package pdf

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // people send them, too
	"image/jpeg"
	_ "image/png" // and these

	_ "golang.org/x/image/webp" // and these

	"github.com/afterchat/afterchat/templates"
)

const (
	// mostPixels is how large an image may be that is decoded here: some 100 MB in memory.
	mostPixels = 25_000_000
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
	id, size := b.w.picture(p)
	if id == 0 {
		return
	}
	scale := min(pixel, (contentWidth-2*padding)/float64(size.X), pictureHeight/float64(size.Y))
	width, height := float64(size.X)*scale, float64(size.Y)*scale
	b.room(height + padding)
	b.ground(ground, padding/2)
	top := b.y
	b.ground(ground, height+padding/2)
	b.place(b.keep(id, size), "", b.atStart(padding, width), top-height, width, height)
}

// drawn is an image that the pages have: its number there, and its size in pixels.
type drawn struct {
	number int
	size   image.Point
}

// keep makes an image's object one of the pages'.
func (b *book) keep(id int, size image.Point) drawn {
	b.images = append(b.images, id)
	return drawn{len(b.images) - 1, size}
}

// place draws an image into a rectangle whose lower left corner is x, y; clip is a path to
// cut it by, in the rectangle's own measure of 1 by 1.
func (b *book) place(d drawn, clip string, x, y, width, height float64) {
	fmt.Fprintf(&b.content, "q %s 0 0 %s %s %s cm %s/I%d Do Q\n", num(width), num(height), num(x), num(y), clip, d.number)
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
	id, size := b.w.picture(p)
	if id == 0 {
		return false
	}
	scale := min(logoHeight/float64(size.Y), logoWidth/float64(size.X))
	width, height := float64(size.X)*scale, float64(size.Y)*scale
	b.space(2)
	b.place(b.keep(id, size), "", b.atStart(0, width), b.y-height, width, height)
	b.y -= height + 2
	return true
}

// face draws a photo, round, beside the line that comes next, and returns how much room
// it takes there: none where there is no such photo.
func (b *book) face(address string) float64 {
	d, known := b.faces[address]
	if !known {
		if id, size := b.w.picture(b.photos[address]); id != 0 {
			kept := b.keep(id, size)
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

// picture adds an image file and returns its object and how many pixels it has; 0 where
// it cannot be read. A JPEG goes in as it came.
func (w *writer) picture(p templates.Picture) (int, image.Point) {
	config, format, err := image.DecodeConfig(bytes.NewReader(p.Content))
	if err != nil || config.Width <= 0 || config.Height <= 0 || config.Width > mostPixels/config.Height {
		return 0, image.Point{}
	}
	size := image.Pt(config.Width, config.Height)
	if format == "jpeg" {
		// What does not decode here would show nothing there.
		if _, err := jpeg.Decode(bytes.NewReader(p.Content)); err != nil {
			return 0, image.Point{}
		}
		switch config.ColorModel {
		case color.YCbCrModel:
			return w.jpeg(p.Content, size, "DeviceRGB"), size
		case color.GrayModel:
			return w.jpeg(p.Content, size, "DeviceGray"), size
		}
	}
	img, _, err := image.Decode(bytes.NewReader(p.Content))
	if err != nil {
		return 0, image.Point{}
	}
	return w.image(img), size
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
