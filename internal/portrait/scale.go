package portrait

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"

	"github.com/afterchat/afterchat/internal/fetch"
	"github.com/afterchat/afterchat/internal/upright"
	"github.com/afterchat/afterchat/templates"
)

const (
	// mostPixels is how large a picture may be that is decoded: what a telephone takes,
	// some 50 MB in memory.
	mostPixels = 4000 * 3000
	// side is a photo's, in pixels: it stands on the page 15 points high.
	side = 96
	// logoWidth and logoHeight are what a logo is made to fit: 30 points are its height.
	logoWidth, logoHeight = 720, 150
	// quality is that of a photo's JPEG, of 100.
	quality = 88
)

// format is how one type of image is read.
type format struct {
	size   func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

var formats = map[string]format{
	"image/png": {png.DecodeConfig, png.Decode}, "image/jpeg": {jpeg.DecodeConfig, jpeg.Decode},
	"image/gif": {gif.DecodeConfig, gif.Decode}, "image/webp": {webp.DecodeConfig, webp.Decode},
}

// photo returns the middle of an image, upright, as a small square without transparency, as
// JPEG. It is turned when it is small, which costs next to nothing.
func photo(f fetch.File) templates.Picture {
	img := decoded(f)
	if img == nil {
		return templates.Picture{}
	}
	turn := upright.Of(f.ContentType, f.Content).Turn()
	b := img.Bounds()
	edge := min(b.Dx(), b.Dy())
	corner := b.Min.Add(image.Pt((b.Dx()-edge)/2, (b.Dy()-edge)/2))
	out := image.NewRGBA(image.Rect(0, 0, side, side))
	draw.Draw(out, out.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.CatmullRom.Scale(out, out.Bounds(), img, image.Rectangle{corner, corner.Add(image.Pt(edge, edge))}, draw.Over, nil)
	var content bytes.Buffer
	if err := jpeg.Encode(&content, turn.Image(out), &jpeg.Options{Quality: quality}); err != nil {
		return templates.Picture{}
	}
	return templates.Picture{ContentType: "image/jpeg", Content: content.Bytes()}
}

// logo returns an image whole, upright and with its transparency, no larger than it will be
// seen, as PNG.
func logo(f fetch.File) templates.Picture {
	img := decoded(f)
	if img == nil {
		return templates.Picture{}
	}
	turn := upright.Of(f.ContentType, f.Content).Turn()
	b, room := img.Bounds(), turn.Size(image.Pt(logoWidth, logoHeight))
	scale := min(1, float64(room.X)/float64(b.Dx()), float64(room.Y)/float64(b.Dy()))
	out := image.NewNRGBA(image.Rect(0, 0, max(1, int(float64(b.Dx())*scale)), max(1, int(float64(b.Dy())*scale))))
	draw.CatmullRom.Scale(out, out.Bounds(), img, b, draw.Src, nil)
	var content bytes.Buffer
	if err := png.Encode(&content, turn.Image(out)); err != nil {
		return templates.Picture{}
	}
	return templates.Picture{ContentType: "image/png", Content: content.Bytes()}
}

// decoded returns an image, nil where there is none or it is too large.
func decoded(f fetch.File) image.Image {
	as, ok := formats[f.ContentType]
	if !ok {
		return nil
	}
	c, err := as.size(bytes.NewReader(f.Content))
	if err != nil || c.Width <= 0 || c.Height <= 0 || c.Width > mostPixels/c.Height {
		return nil
	}
	img, err := as.decode(bytes.NewReader(f.Content))
	if err != nil || img.Bounds().Empty() {
		return nil
	}
	return img
}
