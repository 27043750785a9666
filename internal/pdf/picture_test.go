package pdf_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image/color"
	"testing"

	"github.com/afterchat/afterchat/templates"
)

// A file of a few KB may hold a picture that takes seconds to draw, and a chat fifty of them.
func TestTheLargePicturesOfOneChatHaveABoundTogether(t *testing.T) {
	t.Parallel()
	small := painted(t, 80, 40, color.Gray{Y: 0x80}, true)
	// The same, but for its header, which says that it has 25 million pixels.
	large := bytes.Clone(small)
	size := bytes.Index(large, []byte{0xff, 0xc0}) + len("\xff\xc0") + len("LLP")
	binary.BigEndian.PutUint16(large[size:], 5000)
	binary.BigEndian.PutUint16(large[size+2:], 5000)

	for n, want := range map[int]int{3: 1, 4: 0} {
		d := pictured(t, "image/jpeg", "look")
		d.Pictures = map[string]templates.Picture{"small": {ContentType: "image/jpeg", Content: small}}
		said := d.Sections[1].Parts[1].Said
		said.Files = nil
		for i := range n {
			name := fmt.Sprintf("large%d", i)
			d.Pictures[name] = templates.Picture{ContentType: "image/jpeg", Content: large}
			said.Files = append(said.Files, templates.Enclosure{Line: name, CID: name})
		}
		said.Files = append(said.Files, templates.Enclosure{Line: "small", CID: "small"})
		if shown := bytes.Count(laidOut(t, d), []byte("/Width 80 ")); shown != want {
			t.Errorf("after %d large pictures %d small ones are shown, want %d", n, shown, want)
		}
	}
}
