// Package pdf makes PDFs of transcripts.
//
// It has two engines and one result: the same words in the same order on A4 pages with
// their numbers. Chromium, where it is installed and can have its sandbox, prints the
// HTML that templates write for it, with script and network off. Otherwise, and where
// Chromium fails, the built-in engine lays the document out: direction, line breaking and
// shaping by go-text, and a small writer of PDF whose fonts hold exactly what was drawn.
//
// A character that no font here can show is written as its number, as [U+1F600], and a
// line at the end says how many there were; neither engine leaves an empty box.
package pdf

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/afterchat/afterchat/internal/chromium"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/templates"
)

// The engines.
const (
	EngineChromium = "chromium"
	EngineBuiltIn  = "built-in"
)

const (
	// browsersAtOnce is how many browsers one process runs: each takes one core for about
	// a second, and for a thousand messages some seconds and 450 MB (measured). The
	// built-in engine has as many turns as there are cores.
	browsersAtOnce = 2
	// browserWait is how long a document waits for its turn with a browser, if there is
	// so much time; then the built-in engine takes it, which is quicker.
	browserWait = 3 * time.Second
	// browserTime and builtInTime bound one document.
	browserTime = 15 * time.Second
	builtInTime = 30 * time.Second
	// browserText and builtInText are how many bytes of text the engines take on: about a
	// thousand messages, which take Chromium some three seconds, and fifty thousand.
	browserText = 64 << 10
	builtInText = 4 << 20
	// rest is how long a browser that does not start is left alone.
	rest = 10 * time.Minute
	// staleProfile is the age at which a browser's profile is surely nobody's.
	staleProfile = time.Hour
)

// Maker makes PDFs. It is safe for concurrent use.
type Maker struct {
	renderer *templates.Renderer
	observe  func(engine, outcome string, took time.Duration)
	browser  chromium.Options
	fonts    func() (*Fonts, error)
	// patience is browserTime but in tests.
	patience time.Duration

	browsers, cores chan struct{}

	mu       sync.Mutex
	restsTo  time.Time
	restsFor error
}

// PDF is what was made. Engine is one of the engines; Fallback says why it is not
// Chromium, nil where it is.
type PDF struct {
	Content  []byte
	Engine   string
	Fallback error
}

// New returns a Maker for a browser, as chromium.Find names it or "" for none, and for
// the fonts of this machine, which are looked for when the first PDF is made. Observe is
// told of each engine's work.
func New(r *templates.Renderer, browser string, observe func(engine, outcome string, took time.Duration)) *Maker {
	return &Maker{
		renderer: r, observe: observe, browser: chromium.Options{Path: browser}, patience: browserTime,
		browsers: make(chan struct{}, browsersAtOnce), cores: make(chan struct{}, runtime.GOMAXPROCS(0)),
		fonts: sync.OnceValues(func() (*Fonts, error) {
			chromium.Sweep(staleProfile)
			return SystemFonts()
		}),
	}
}

// Make makes a PDF of a document. Its error is an Invalid fault where the document is
// too large for a PDF or cannot be laid out, and Transient where there was no time.
func (m *Maker) Make(ctx context.Context, d templates.Document) (PDF, error) {
	size := d.Size()
	if size > builtInText {
		return PDF{}, fault.New(fault.Invalid, "pdf_too_large", "the chat is too large for a PDF")
	}
	fonts, err := m.fonts()
	if err != nil {
		return PDF{}, fault.Wrap(fault.Invalid, "pdf_fonts", "the built-in fonts cannot be read", err)
	}
	shown, builtInAlone := showable(d, fonts)
	why := m.notBrowser(size, builtInAlone)
	if why == nil {
		content, err := m.turn(ctx, EngineChromium, m.browsers, browserWait, m.patience, func(ctx context.Context) ([]byte, error) { return m.print(ctx, shown) })
		if err == nil {
			return PDF{Content: content, Engine: EngineChromium}, nil
		}
		why = err
	}
	content, err := m.turn(ctx, EngineBuiltIn, m.cores, builtInTime, builtInTime, func(ctx context.Context) ([]byte, error) { return layOut(ctx, shown, fonts) })
	return PDF{Content: content, Engine: EngineBuiltIn, Fallback: why}, err
}

// turn waits for a turn with an engine and lets it work, each so long at most. The
// first of two engines gets half of the time there is.
func (m *Maker) turn(ctx context.Context, engine string, turns chan struct{}, wait, work time.Duration, f func(context.Context) ([]byte, error)) (content []byte, err error) {
	if until, ok := ctx.Deadline(); ok && engine == EngineChromium {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(until)/2)
		defer cancel()
	}
	began := time.Now()
	defer func() {
		// What people write decides what is laid out: whatever it does to an engine, the
		// mail still goes.
		if p := recover(); p != nil {
			content, err = nil, fault.New(fault.Invalid, "pdf_panic", "the document could not be laid out")
		}
		outcome := "ok"
		if err != nil {
			outcome = fault.CodeOf(err)
		}
		m.observe(engine, outcome, time.Since(began))
	}()
	select {
	case turns <- struct{}{}:
		defer func() { <-turns }()
	case <-time.After(wait):
		return nil, fault.New(fault.Transient, "pdf_busy", "other PDFs are being made")
	case <-ctx.Done():
		return nil, fault.Wrap(fault.Transient, "pdf_busy", "other PDFs are being made", ctx.Err())
	}
	ctx, cancel := context.WithTimeout(ctx, work)
	defer cancel()
	content, err = f(ctx)
	if ctx.Err() != nil && err != nil && !fault.Is(err, fault.Transient) {
		err = fault.Wrap(fault.Transient, "pdf_slow", "there was no time to make a PDF", err)
	}
	return content, err
}

// notBrowser says why Chromium is not to print a document, nil if it is.
func (m *Maker) notBrowser(size int, builtInAlone bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.browser.Path == "":
		return fault.New(fault.Unsupported, "no_browser", "Chromium is not installed")
	case time.Now().Before(m.restsTo):
		return m.restsFor
	case size > browserText:
		return fault.New(fault.Unsupported, "browser_too_large", "the chat is too large for Chromium")
	case builtInAlone:
		return fault.New(fault.Unsupported, "browser_fonts", "only the built-in fonts have some of its characters")
	}
	return nil
}

func (m *Maker) print(ctx context.Context, d templates.Document) ([]byte, error) {
	html, err := m.renderer.PrintHTML(d)
	if err != nil {
		return nil, err
	}
	content, err := printed(ctx, m.browser, html, d)
	if fault.Is(err, fault.Unsupported) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.restsTo, m.restsFor = time.Now().Add(rest), err
	}
	return content, err
}
