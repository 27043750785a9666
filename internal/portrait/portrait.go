// Package portrait gets the pictures that stand on a transcript's pages and that nobody
// sent in the chat: the brand's logo and the agents' photos.
//
// Their addresses lead anywhere, so they are fetched as a chat's files are: over https,
// from public addresses, with bounds on size, time and number. What comes is decoded and
// written anew, small, so that no page holds a byte of what somebody's server answered.
// What cannot be had in time is left out: no picture holds up a transcript, or fails it.
package portrait

import (
	"context"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/errgroup"

	"github.com/afterchat/afterchat/internal/fetch"
	"github.com/afterchat/afterchat/templates"
)

const (
	// mostPhotos is how many agents of a chat have a photo on its pages, the first ones.
	mostPhotos = 20
	// maxFile is how many bytes a picture's file may have.
	maxFile = 2 << 20
	// oneTime bounds each picture, allTime all of a document.
	oneTime, allTime = 1500 * time.Millisecond, 3 * time.Second
	// fetchedAtOnce bounds the files of one document that are in memory at a time, and
	// decodedAtOnce the pictures of the whole process.
	fetchedAtOnce, decodedAtOnce = 4, 2
	// kept is how many pictures are remembered: logos of some ten KB, photos of three.
	kept = 512
	// keptFor is how long a picture is not fetched again, missedFor one that was not to be had.
	keptFor, missedFor = time.Hour, time.Minute
)

// Fetcher gets a file from wherever it lies.
type Fetcher interface {
	Get(ctx context.Context, address string, limits fetch.Limits) (fetch.File, error)
}

// Gallery gets pictures and remembers them. It is safe for concurrent use.
type Gallery struct {
	fetcher  Fetcher
	memory   *lru.Cache[wanted, remembered]
	decoding chan struct{}
}

// wanted is a picture and what for: a logo is not cut as a photo is.
type wanted struct {
	address string
	logo    bool
}

// remembered is a picture, or that there is none.
type remembered struct {
	picture templates.Picture
	until   time.Time
}

// New returns an empty Gallery.
func New(f Fetcher) *Gallery {
	memory, _ := lru.New[wanted, remembered](kept) // it fails for sizes below 1 alone
	return &Gallery{fetcher: f, memory: memory, decoding: make(chan struct{}, decodedAtOnce)}
}

// Hang puts the logo and the photos into a document, as far as they can be had.
func (g *Gallery) Hang(ctx context.Context, d *templates.Document) {
	ctx, cancel := context.WithTimeout(ctx, allTime)
	defer cancel()
	photos := d.PhotoURLs(mostPhotos)
	found := make([]templates.Picture, len(photos))
	var all errgroup.Group
	all.SetLimit(fetchedAtOnce)
	get := func(w wanted, to *templates.Picture) {
		all.Go(func() error {
			*to = g.get(ctx, w)
			return nil
		})
	}
	if logo := d.Brand.Logo(); logo != "" {
		get(wanted{logo, true}, &d.Logo)
	}
	for i, address := range photos {
		get(wanted{address, false}, &found[i])
	}
	_ = all.Wait() // none of them fails
	d.Photos = make(map[string]templates.Picture, len(photos))
	for i, address := range photos {
		if found[i].Content != nil {
			d.Photos[address] = found[i]
		}
	}
}

// get returns a picture without content where there is none.
func (g *Gallery) get(ctx context.Context, w wanted) templates.Picture {
	if r, ok := g.memory.Get(w); ok && time.Now().Before(r.until) {
		return r.picture
	}
	picture := g.fetch(ctx, w)
	switch {
	case picture.Content != nil:
		g.memory.Add(w, remembered{picture, time.Now().Add(keptFor)})
	case ctx.Err() == nil:
		g.memory.Add(w, remembered{until: time.Now().Add(missedFor)})
	}
	return picture
}

// fetch gets a picture. A file that a decoder trips over must not take the process with it.
func (g *Gallery) fetch(ctx context.Context, w wanted) (p templates.Picture) {
	defer func() {
		if recover() != nil {
			p = templates.Picture{}
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, oneTime)
	defer cancel()
	file, err := g.fetcher.Get(ctx, w.address, fetch.Limits{Image: maxFile})
	if err != nil || file.Content == nil { // nor is what is no image wanted at any length
		return templates.Picture{}
	}
	select {
	case g.decoding <- struct{}{}:
		defer func() { <-g.decoding }()
	case <-ctx.Done():
		return templates.Picture{}
	}
	if w.logo {
		return logo(file)
	}
	return photo(file)
}
