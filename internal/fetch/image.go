package fetch

import (
	"bytes"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/webp"
)

const (
	// maxSide and maxPixels are what any reader can show: a picture of 50 million pixels
	// takes 200 MB once it is decoded.
	maxSide   = 16_000
	maxPixels = 50_000_000
)

// headers read an image's size without decoding it, by content type.
var headers = map[string]func(io.Reader) (image.Config, error){
	"image/png": png.DecodeConfig, "image/jpeg": jpeg.DecodeConfig, "image/gif": gif.DecodeConfig, "image/webp": webp.DecodeConfig,
}

func isImage(contentType string) bool { return headers[contentType] != nil }

// showable reports whether an image's header is whole and its size no bomb. A header that
// a decoder trips over is none: it must not take the process with it.
func showable(contentType string, content []byte) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	c, err := headers[contentType](bytes.NewReader(content))
	return err == nil && c.Width > 0 && c.Height > 0 && c.Width <= maxSide && c.Height <= maxSide && c.Width*c.Height <= maxPixels
}
