// Package uprighttest makes pictures as cameras write them that were held in any way.
package uprighttest

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"slices"
	"testing"
)

// edges say of each orientation at which side of the scene the stored first row and first
// column are, in the words of EXIF 2.32, 4.6.4.
var edges = [...]struct{ row, column string }{
	1: {"top", "left"}, 2: {"top", "right"}, 3: {"bottom", "right"}, 4: {"bottom", "left"},
	5: {"left", "top"}, 6: {"right", "top"}, 7: {"right", "bottom"}, 8: {"left", "bottom"},
}

// Stored returns a scene as it is stored in an orientation from 1 to 8.
func Stored(scene image.Image, orientation int) image.Image {
	seen, edge := scene.Bounds().Size(), edges[orientation]
	stored := image.NewNRGBA(image.Rect(0, 0, seen.X, seen.Y))
	if orientation >= 5 {
		stored = image.NewNRGBA(image.Rect(0, 0, seen.Y, seen.X))
	}
	for row := range stored.Rect.Dy() {
		for column := range stored.Rect.Dx() {
			at := map[string]int{edge.row: row, edge.column: column} // steps from each of two sides
			x, y := at["left"], at["top"]
			if n, ok := at["right"]; ok {
				x = seen.X - 1 - n
			}
			if n, ok := at["bottom"]; ok {
				y = seen.Y - 1 - n
			}
			stored.Set(column, row, scene.At(x, y))
		}
	}
	return stored
}

// JPEG returns a scene as a JPEG of a camera that was held so.
func JPEG(t testing.TB, scene image.Image, orientation int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, Stored(scene, orientation), &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	segment := append([]byte("Exif\x00\x00"), exif(orientation)...)
	head := append([]byte{0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(segment)+2))...)
	return slices.Insert(b.Bytes(), 2, append(head, segment...)...) // after SOI
}

// PNG returns a scene as a PNG with a chunk eXIf (PNG, third edition, 11.3.4.5).
func PNG(t testing.TB, scene image.Image, orientation int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, Stored(scene, orientation)); err != nil {
		t.Fatal(err)
	}
	body := append([]byte("eXIf"), exif(orientation)...)
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(body)-4))
	chunk = append(chunk, body...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(body))
	return slices.Insert(b.Bytes(), 8+25, chunk...) // after the signature and IHDR
}

// exif is the tag Orientation in an IFD, little-endian.
func exif(orientation int) []byte {
	b := []byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00")
	return append(b, byte(orientation), 0, 0, 0, 0, 0, 0, 0)
}

// Quarters is a scene that looks like no other when it is turned: its quarters are red and
// green at the top, blue and white below.
func Quarters(width, height int) image.Image {
	scene := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := [...]color.NRGBA{{R: 255, A: 255}, {G: 255, A: 255}, {B: 255, A: 255}, {R: 255, G: 255, B: 255, A: 255}}[y*2/height*2+x*2/width]
			scene.SetNRGBA(x, y, c)
		}
	}
	return scene
}
