package templates

import (
	"strings"
	"testing"
)

func TestACoveringNoteStandsAboveTheTranscriptAsTheAgentWroteIt(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	o := sampleOptions(t)
	o.Cover = "Dear Ann & Bo,\n\nas promised: <b>all</b> of it.\u202e\x07\r\nBo\n\n\n"
	customer, err := r.TranscriptForCustomer(ForCustomer(sample(), o))
	if err != nil {
		t.Fatal(err)
	}
	internal, err := r.TranscriptForInternal(ForInternal(sample(), o))
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]Mail{"customer": customer, "internal": internal} {
		cover, chat := strings.Index(m.Text, "Dear Ann & Bo,\n\nas promised: <b>all</b> of it.␇\nBo\n\n"), strings.Index(m.Text, "Please unplug it")
		if cover < 0 || cover > chat {
			t.Errorf("%s: the text is %.200s", name, m.Text)
		}
		cover, chat = strings.Index(m.HTML, "Dear Ann &amp; Bo,<br>\n<br>\nas promised: &lt;b&gt;all&lt;/b&gt; of it.␇<br>\nBo</div>"), strings.Index(m.HTML, "Please unplug it")
		if cover < 0 || cover > chat {
			t.Errorf("%s: the HTML is %.3000s", name, m.HTML)
		}
	}
}
