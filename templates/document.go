package templates

import (
	"cmp"
	"strconv"

	"github.com/afterchat/afterchat/internal/chat"
)

// Document is a transcript as pages, for whatever makes pages of it: DocumentForCustomer
// and DocumentForInternal make one, PrintHTML writes it for a browser, package
// internal/pdf lays it out itself. It holds clean text alone, as views do.
type Document struct {
	// Lang is a BCP 47 tag, Dir "ltr" or "rtl".
	Lang, Dir string
	// Title is one line: the subject of the mail that the document goes with.
	Title string
	Brand Brand
	// Banner stands above everything else, "" for none: it marks a test.
	Banner string
	// Lead are the lines before everything else. Warning says who must not read it.
	Lead     []string
	Warning  string
	Sections []Section
	// Closing are lines after everything else.
	Closing []string
	// Pictures are the images to show, by their Content-ID. Who has fetched the files of a
	// chat fills them in.
	Pictures map[string]Picture
	// Logo is the brand's, which stands for its name, and Photos are the agents', by the
	// addresses in Said. Who has fetched them fills them in; what is not there is not shown.
	Logo   Picture
	Photos map[string]Picture
	// made knows the template that an organization has for its documents.
	made *Renderer
	// unshown is the pattern of the line that Unshown writes.
	unshown string
}

// Section is a part of a document. Title is empty for the first one.
type Section struct {
	Title string
	Facts []Fact
	Parts []Part
}

// Part is one piece of a conversation; one of Day, Event and Said is not empty.
type Part struct {
	Day, Event string
	Said       *Said
}

// Said is one message or note. Own marks the visitor's. Text may have several lines and
// may be empty where there are Files. Photo is the address of who spoke, "" without one.
type Said struct {
	Name, Role, Clock string
	Photo             string
	Own               bool
	Text              string
	Files             []Enclosure
}

// Enclosure is an attachment: what is written of it, its web address, "" if it has none,
// and its Content-ID, "" if it is not shown.
type Enclosure struct{ Line, URL, CID string }

// Picture is an image file. ContentType is image/png, image/jpeg, image/gif or image/webp.
type Picture struct {
	ContentType string
	Content     []byte
}

// DocumentForCustomer returns the customer's own copy of the chat as pages.
func (r *Renderer) DocumentForCustomer(v CustomerView) Document {
	w := r.words(v.Locale)
	d := r.document(w, v.Brand, w.customerSubject(v))
	d.Lead = []string{w.GreetingLine(v.greeted()), w.customerLead(v.ToOther)}
	d.add("", w.customerFacts(v), nil)
	d.add(w.Answers, w.answers(v.Form), nil)
	d.add(w.Conversation, nil, conversation{v.Entries, w.customerVoice(v.ToOther), w, location(v.Location)}.parts())
	if v.Test {
		d = w.testDocument(d)
	}
	return d
}

// DocumentForInternal returns everything as pages, for colleagues.
func (r *Renderer) DocumentForInternal(v InternalView) Document {
	w := r.words(v.Locale)
	d := r.document(w, v.Brand, w.internalSubject(v))
	d.Warning = w.InternalOnly
	d.add("", w.internalFacts(v.Record), nil)
	d.add(w.Answers, w.answers(v.Form), nil)
	d.add(w.Flags, w.flagFacts(v.Flags), nil)
	d.add(w.Pane.Deliveries, w.deliveryFacts(v.Deliveries, v.Location), nil)
	d.add(w.Notes, nil, conversation{v.Notes, &w.Internal, w, location(v.Location)}.parts())
	d.add(w.Conversation, nil, conversation{v.Entries, &w.Internal, w, location(v.Location)}.parts())
	if v.Test {
		d = w.testDocument(d)
	}
	return d
}

// Unshown returns the line that says how many characters no font could show.
func (d Document) Unshown(n int) string { return fill(d.unshown, "{n}", strconv.Itoa(n)) }

// PhotoURLs returns the addresses of the photos to show, each once and in the order in
// which those people speak; most is how many at most.
func (d Document) PhotoURLs(most int) []string {
	var addresses []string
	seen := map[string]bool{"": true}
	for _, s := range d.Sections {
		for _, p := range s.Parts {
			if p.Said == nil || seen[p.Said.Photo] {
				continue
			}
			if len(addresses) == most {
				return addresses
			}
			seen[p.Said.Photo] = true
			addresses = append(addresses, p.Said.Photo)
		}
	}
	return addresses
}

// Author returns whom the document is from.
func (d Document) Author() string { return d.Brand.Name() }

func (r *Renderer) document(w *words, b Brand, title string) Document {
	return Document{Lang: w.Lang, Dir: w.Dir, Title: title, Brand: b, made: r, unshown: w.Unshown}
}

func (d *Document) add(title string, facts []Fact, parts []Part) {
	if len(facts) > 0 || len(parts) > 0 {
		d.Sections = append(d.Sections, Section{Title: title, Facts: facts, Parts: parts})
	}
}

// parts says the same as text and html do.
func (c conversation) parts() []Part {
	parts := make([]Part, 0, len(c.entries)+len(c.entries)/8)
	var shown day
	for i := range c.entries {
		e := &c.entries[i]
		clock := ""
		if !e.At.IsZero() {
			at := e.At.In(c.location)
			clock = c.words.Clock(at)
			if today := dayOf(at); today != shown {
				shown = today
				parts = append(parts, Part{Day: c.words.heading(at)})
			}
		}
		if e.Event != nil {
			parts = append(parts, Part{Event: spaced(clock, c.sentence(*e.Event))})
			if e.Text == "" && len(e.Files) == 0 {
				continue
			}
		}
		parts = append(parts, Part{Said: c.said(e, clock)})
	}
	return parts
}

func (c conversation) said(e *Entry, clock string) *Said {
	s := &Said{Clock: clock, Photo: e.By.Photo, Own: e.By.Kind == chat.AuthorUser, Text: e.Text}
	s.Name, s.Role = c.called(e.By)
	for _, f := range e.Files {
		enclosure := Enclosure{Line: c.words.File + c.words.Colon + c.fileLine(f), CID: f.CID}
		if f.linked() {
			enclosure.URL = f.URL
		}
		s.Files = append(s.Files, enclosure)
	}
	if len(s.Files) == 0 {
		s.Text = cmp.Or(s.Text, c.words.Empty)
	}
	return s
}

func spaced(clock, sentence string) string {
	if clock == "" {
		return sentence
	}
	return clock + " · " + sentence
}

// Size is how many bytes of text a document has, about.
func (d Document) Size() int {
	n := len(d.Title) + len(d.Warning)
	for _, s := range d.Sections {
		for _, f := range s.Facts {
			n += len(f.Label) + len(f.Value)
		}
		for _, p := range s.Parts {
			n += len(p.Day) + len(p.Event)
			if p.Said != nil {
				n += len(p.Said.Name) + len(p.Said.Role) + len(p.Said.Clock) + len(p.Said.Text)
				for _, f := range p.Said.Files {
					n += len(f.Line)
				}
			}
		}
	}
	return n
}
