package pdf

import (
	"context"

	"github.com/afterchat/afterchat/templates"
)

// Outlook is what to expect of PDFs on this machine. Unshown are the scripts, by their
// names in English, for which there is no font.
type Outlook struct {
	Engine  string
	Why     error // that it is not Chromium
	Unshown []string
}

// Look makes a small PDF and says what it found.
func (m *Maker) Look(ctx context.Context) (Outlook, error) {
	fonts, err := m.fonts()
	if err != nil {
		return Outlook{}, err
	}
	made, err := m.Make(ctx, templates.Document{Lang: "en", Dir: "ltr", Title: "A B C"})
	return Outlook{Engine: made.Engine, Why: made.Fallback, Unshown: unshown(fonts)}, err
}

func unshown(f *Fonts) []string {
	var names []string
	for _, s := range []struct {
		name    string
		example rune
	}{
		{"Chinese", '请'}, {"Japanese", 'ひ'}, {"Korean", '한'}, {"Thai", 'ส'}, {"Hindi", 'न'}, {"Bengali", 'ব'},
		{"Tamil", 'த'}, {"Telugu", 'త'}, {"Georgian", 'გ'}, {"Armenian", 'Ա'}, {"Amharic", 'አ'}, {"Khmer", 'ក'}, {"emoji", '🤷'},
	} {
		if !f.Has(s.example) {
			names = append(names, s.name)
		}
	}
	return names
}
