package pdf

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"image"
	"image/color"
	"strings"
)

// writer writes the objects of a PDF 1.7 file (ISO 32000-1). The first ones are known
// by number before they are written.
type writer struct {
	out     bytes.Buffer
	offsets []int // of object i+1
	pixels  int   // of the images that were taken on
}

func newWriter() *writer {
	w := &writer{}
	// The second line tells programs that the file is binary (7.5.2).
	w.out.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	return w
}

// reserve returns the number of an object that is written later.
func (w *writer) reserve() int {
	w.offsets = append(w.offsets, 0)
	return len(w.offsets)
}

func (w *writer) object(id int, body string) {
	w.offsets[id-1] = w.out.Len()
	fmt.Fprintf(&w.out, "%d 0 obj\n%s\nendobj\n", id, body)
}

func (w *writer) add(body string) int {
	id := w.reserve()
	w.object(id, body)
	return id
}

// stream adds compressed data.
func (w *writer) stream(data []byte) int {
	p := newPacker()
	p.add(data)
	return w.packed("", p)
}

// packed adds what was compressed piece by piece; dict is what stands in its dictionary
// beside that.
func (w *writer) packed(dict string, p *packer) int {
	_ = p.z.Close() // as below
	id := w.reserve()
	w.offsets[id-1] = w.out.Len()
	fmt.Fprintf(&w.out, "%d 0 obj\n<< %s /Length %d /Filter /FlateDecode >>\nstream\n", id, dict, p.out.Len())
	w.out.Write(p.out.Bytes())
	w.out.WriteString("\nendstream\nendobj\n")
	return id
}

// packer compresses what never has to be in memory as a whole.
type packer struct {
	out bytes.Buffer
	z   *zlib.Writer
}

func newPacker() *packer {
	p := &packer{}
	p.z = zlib.NewWriter(&p.out)
	return p
}

func (p *packer) add(data []byte) {
	_, _ = p.z.Write(data) // writing to memory cannot fail
}

// image adds a picture with its transparency.
func (w *writer) image(img image.Image) int {
	b := img.Bounds()
	colors, alpha := newPacker(), newPacker()
	rgb, a := make([]byte, 0, 3*b.Dx()), make([]byte, 0, b.Dx()) // of one row
	for y := b.Min.Y; y < b.Max.Y; y++ {
		rgb, a = rgb[:0], a[:0]
		for x := b.Min.X; x < b.Max.X; x++ {
			c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			rgb = append(rgb, c.R, c.G, c.B)
			a = append(a, c.A)
		}
		colors.add(rgb)
		alpha.add(a)
	}
	size := fmt.Sprintf("/Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 8", b.Dx(), b.Dy())
	mask := w.packed(size+" /ColorSpace /DeviceGray", alpha)
	return w.packed(fmt.Sprintf("%s /ColorSpace /DeviceRGB /SMask %d 0 R", size, mask), colors)
}

// font adds one font of clusters.
func (w *writer) font(t *typeThree) int {
	var procedures, differences, widths, resources strings.Builder
	for i, p := range t.procedures {
		id := w.stream([]byte(p))
		fmt.Fprintf(&procedures, "/c%d %d 0 R ", i+1, id)
		fmt.Fprintf(&differences, "/c%d ", i+1)
		widths.WriteString(num(t.widths[i]) + " ")
	}
	for i, p := range t.pictures {
		fmt.Fprintf(&resources, "/P%d %d 0 R ", i, w.image(p.image))
	}
	meaning := w.stream([]byte(t.toUnicode()))
	return w.add(fmt.Sprintf("<< /Type /Font /Subtype /Type3 /FontMatrix [0.001 0 0 0.001 0 0] /FontBBox [%s] "+
		"/FirstChar 1 /LastChar %d /Widths [%s] /Encoding << /Type /Encoding /Differences [1 %s] >> /CharProcs << %s >> "+
		"/Resources << /XObject << %s >> >> /ToUnicode %d 0 R >>",
		t.box, len(t.procedures), widths.String(), differences.String(), procedures.String(), resources.String(), meaning))
}

// finish writes the table of objects and returns the file.
func (w *writer) finish(root, info int) []byte {
	start := w.out.Len()
	fmt.Fprintf(&w.out, "xref\n0 %d\n0000000000 65535 f \n", len(w.offsets)+1)
	for _, at := range w.offsets {
		fmt.Fprintf(&w.out, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&w.out, "trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(w.offsets)+1, root, info, start)
	return w.out.Bytes()
}

// textString writes a string of the document's own data, as its title, in UTF-16 (7.9.2.2).
func textString(s string) string { return "<FEFF" + hexUTF16(s) + ">" }

// literal writes a string of ASCII, as an address (7.3.4.2).
func literal(s string) string {
	return "(" + strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(s) + ")"
}
