package templates

import htmltemplate "html/template"

// look is a brand as the templates of mails get it: looked up and checked once, because
// a template asks for each of them several times. Start and Bar are what every mail of the
// brand in one language begins with: its style, and the bar with the logo or the name.
type look struct {
	Name                  string
	Logo, Home            htmltemplate.URL
	Accent, Ink, DarkTint htmltemplate.CSS
	Start, Bar            htmltemplate.HTML
}

// letterhead is what the templates of Start and Bar get.
type letterhead struct {
	T     *words
	Brand look
}

// look returns a brand's look in a language. It is kept, about 4 KB for each organization
// and language: to make it takes as long as to write 20 messages. An organization's own
// templates are rendered each time, because they may fail at one mail and not at another.
func (r *Renderer) look(w *words, b Brand) (look, error) {
	type key struct {
		words *words
		brand Brand
	}
	if r.own != nil {
		return r.newLook(w, b)
	}
	if kept, ok := r.looks.Load(key{w, b}); ok {
		return kept.(look), nil //nolint:forcetypeassert // it holds nothing else
	}
	made, err := r.newLook(w, b)
	if err == nil {
		r.looks.Store(key{w, b}, made)
	}
	return made, err
}

func (r *Renderer) newLook(w *words, b Brand) (look, error) {
	l := b.look()
	start, err := r.executeHTML("email/start.html", &letterhead{w, l})
	if err != nil {
		return look{}, err
	}
	bar, err := r.executeHTML("email/bar.html", &letterhead{w, l})
	if err != nil {
		return look{}, err
	}
	l.Start, l.Bar = htmltemplate.HTML(start), htmltemplate.HTML(bar) //nolint:gosec // rendered above
	return l, nil
}

func (b Brand) look() look {
	return look{
		Name: b.Name(), Logo: htmltemplate.URL(b.Logo()), Home: htmltemplate.URL(b.Home()), //nolint:gosec // webURL has checked them
		Accent: htmltemplate.CSS(b.Accent()), Ink: htmltemplate.CSS(b.Ink()), DarkTint: htmltemplate.CSS(b.DarkTint()), //nolint:gosec // colours
	}
}
