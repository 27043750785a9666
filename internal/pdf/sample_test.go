package pdf_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/templates"
)

// scripts are what people write, by what it is.
var scripts = map[string]string{
	"Latin":      "Straße, naïve, fiancée, Łódź, ğüş",
	"Cyrillic":   "Привет, Ёлка",
	"Greek":      "Γειά σου Κόσμε",
	"Arabic":     "السلام عليكم ورحمة الله",
	"Hebrew":     "שלום עולם",
	"Vietnamese": "Xin chào, cảm ơn bạn rất nhiều",
}

func renderer(t testing.TB) *templates.Renderer {
	t.Helper()
	r, err := templates.New()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func options() templates.Options {
	return templates.Options{Brand: templates.Brand{Organization: "Acmé Coffee", Color: "#0a7d55", Website: "https://acme.example"}}
}

// snapshot is a chat whose messages have these texts, by turns of the user and an agent.
func snapshot(texts ...string) chat.Snapshot {
	start := time.Date(2026, 11, 20, 22, 51, 3, 0, time.UTC)
	s := chat.Snapshot{
		ID: "c_8412", Product: "Espresso Pro 3", StartedAt: start, EndedAt: start.Add(time.Hour),
		User:   chat.User{ID: "u_77", Name: "Ann Lee"},
		Agents: []chat.Agent{{ID: "a_1", Name: "Bo Ekholm", DisplayName: "Bo"}},
		Notes:  []chat.Note{{ID: "n1", At: start, Agent: "a_1", Text: "Boiler replaced"}},
	}
	by := []chat.Author{{Kind: chat.AuthorUser, ID: "u_77"}, {Kind: chat.AuthorAgent, ID: "a_1"}}
	for i, text := range texts {
		s.Messages = append(s.Messages, chat.Message{ID: fmt.Sprint("m", i), At: start.Add(time.Duration(i) * time.Minute), Author: by[i%2], Text: text})
	}
	return s
}

func document(t testing.TB, texts ...string) templates.Document {
	t.Helper()
	return renderer(t).DocumentForCustomer(templates.ForCustomer(snapshot(texts...), options()))
}

// numbered are n texts that can be told apart, each longer than a line.
func numbered(n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf("begin%03d and please unplug it, and then wait a minute or two before you plug it in again, and then tell us what it does end%03d", i, i)
	}
	return texts
}

// pictured is a document whose first message has a violet picture, once readable as this
// kind of file and once cut off.
func pictured(t testing.TB, kind string, texts ...string) templates.Document {
	t.Helper()
	s := snapshot(texts...)
	s.Messages[0].Attachments = []chat.Attachment{{Name: "violet.png", URL: "https://files.example/1"}, {Name: "broken.png", URL: "https://files.example/2"}}
	v := templates.ForCustomer(s, options())
	img := image.NewRGBA(image.Rect(0, 0, 80, 40))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.RGBA{R: 0xa0, B: 0xf0, A: 0xff}), image.Point{}, draw.Src)
	var b bytes.Buffer
	var err error
	switch kind {
	case "image/jpeg":
		err = jpeg.Encode(&b, img, nil)
	case "image/gif":
		err = gif.Encode(&b, img, nil)
	default:
		err = png.Encode(&b, img)
	}
	if err != nil {
		t.Fatal(err)
	}
	v.Entries[0].Files[0].CID, v.Entries[0].Files[1].CID = "whole", "broken"
	d := renderer(t).DocumentForCustomer(v)
	d.Pictures = map[string]templates.Picture{"whole": {ContentType: kind, Content: b.Bytes()}, "broken": {ContentType: kind, Content: b.Bytes()[:b.Len()/2]}}
	return d
}
