package config

// Attachments says how much of what was sent along in a chat goes with a mail about it.
// The rest is linked. Sizes are of all the files of one mail together.
type Attachments struct {
	Inline Size `yaml:"inline" jsonschema_description:"How many bytes of images (PNG, JPEG, GIF, WebP) a mail shows itself; 0: none. Default 2MB."`
	Attach Size `yaml:"attach" jsonschema_description:"How many bytes of other files are attached to a mail; 0: they are only linked. Default 0."`
}

func (a *Attachments) setDefaults() { a.Inline = 2 << 20 }
