package config

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Folder is the path of a folder. In the file it is relative to that file; once loaded
// it leads there from where the process is.
type Folder string

func (d *decoder) folder(n ast.Node, target *Folder, at spot) {
	text, ok := d.text(n, at)
	if !ok {
		return
	}
	if strings.TrimSpace(text) == "" {
		d.fail(n, at, "must not be empty")
		return
	}
	*target = Folder(d.relative(text))
}
