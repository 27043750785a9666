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
	x := sideMargin + padding
	if b.rightToLeft {
		x = pageWidth - sideMargin - padding - width
	}
	fmt.Fprintf(&b.content, "q %s 0 0 %s %s %s cm /I%d Do Q\n", num(width), num(height), num(x), num(top-height), len(b.images))
	b.images = append(b.images, id)
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
