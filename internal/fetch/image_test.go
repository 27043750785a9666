package fetch

import (
	"bytes"
	"testing"
)

func FuzzShowable(f *testing.F) {
	f.Add([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"))
	f.Add([]byte("GIF89a\x03\x00\x02\x00\x80\x00\x00"))
	f.Add([]byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00"))
	f.Add([]byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f"))
	f.Fuzz(func(t *testing.T, content []byte) {
		for contentType, header := range headers {
			if c, err := header(bytes.NewReader(content)); err == nil && c.Width > maxSide && showable(contentType, content) {
				t.Errorf("an image %d wide is shown", c.Width)
			}
		}
	})
}
