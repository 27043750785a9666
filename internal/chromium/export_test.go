package chromium

// Profile is the browser's folder.
func (b *Browser) Profile() string { return b.profile }
