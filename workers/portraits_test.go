package workers_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/internal/pdf/pdftest"
)

// portrayed has one transcript with a PDF go out of a chat whose agent has the photo that
// lies there, and returns the PDF and the mail.
func (r *rig) portrayed(audience chat.Audience, logo, photo string) (pdftest.File, thing) {
	r.t.Helper()
	to := "user"
	if audience == chat.Internal {
		to = "qa@acme.example"
	}
	r.organization().Brand.LogoURL = logo
	r.organization().Transcripts = []config.TranscriptRule{{To: to, Audience: audience, PDF: true}}
	s := sample("c", 1)
	s.Agents[0].PhotoURL = photo
	m := r.mailed(s)
	if len(m.files) != 1 {
		r.t.Fatalf("%d files", len(m.files))
	}
	return pdftest.Read(r.t, m.files[0].Content), m
}

func square(t *testing.T) http.HandlerFunc {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 40, 40))); err != nil {
		t.Fatal(err)
	}
	return serve(b.Bytes())
}

func TestAPDFHasTheLogoAndThePhotosThatItsReaderMaySee(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		agents   config.Agents
		audience chat.Audience
		pictures int
	}{
		"a user, with photos":                    {config.Agents{Names: "full", Photos: true}, chat.Customer, 2},
		"a user, first names and photos":         {config.Agents{Names: "first", Photos: true}, chat.Customer, 2},
		"a user, without photos":                 {config.Agents{Names: "full"}, chat.Customer, 1},
		"a user, for whom the support is nobody": {config.Agents{Names: "support", Photos: true}, chat.Customer, 1},
		// They see the photo beside the note, too.
		"colleagues": {config.Agents{Names: "support"}, chat.Internal, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.organization().Agents = test.agents
			url, asked := r.files(map[string]http.HandlerFunc{"/logo.png": square(t), "/bo.png": square(t)})
			f, m := r.portrayed(test.audience, url+"/logo.png", url+"/bo.png")
			if len(f.Pictures) != test.pictures || asked.Load() != int64(min(test.pictures, 2)) {
				t.Errorf("%d pictures after %d questions, want %d", len(f.Pictures), asked.Load(), test.pictures)
			}
			if strings.Contains(m.text, url+"/bo.png") != (test.pictures > 1) {
				t.Error("the mail shows another photo than its PDF")
			}
		})
	}
}

func TestAPictureThatCannotBeHadNeitherFailsNorHoldsUpATranscript(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]http.HandlerFunc{
		"the server hangs":             func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"it is not there":              func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
		"it is a drawing with scripts": serve([]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)),
		"it is a page":                 serve([]byte("<!doctype html><title>Sign in</title>")),
		"it is huge":                   serve(photo(5 << 20)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.organization().Agents = config.Agents{Names: "full", Photos: true}
			url, asked := r.files(map[string]http.HandlerFunc{"/": page})
			began := time.Now()
			f, m := r.portrayed(chat.Customer, url+"/logo.png", url+"/bo.png")
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
			if len(f.Pictures) != 0 || asked.Load() != 2 || f.Pages[0][0].Text != "Acme Coffee" || !strings.Contains(f.Text(), "It smells of toast") || strings.Contains(m.text, withoutPDF) {
				t.Errorf("%d pictures after %d questions in %s", len(f.Pictures), asked.Load(), f.Text())
			}
		})
	}
}
