package config

import (
	"path/filepath"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/afterchat/afterchat/connectors"
)

func (d *decoder) secret(n ast.Node, target *connectors.Secret, at spot) {
	text, ok := d.text(n, at)
	if !ok {
		return
	}
	if strings.TrimSpace(text) == "" {
		d.fail(n, at, "must not be empty")
		return
	}
	*target = connectors.Secret(text)
}

// secretFile reads the file that stands under <key>_file into the secret under <key>:
// one secret without its trailing newline or, for a list, one on each line. at is the
// secret's.
func (d *decoder) secretFile(e entry, v reflect.Value, at spot, given bool) {
	file := spot{path: at.path + fileSuffix, label: at.label + fileSuffix, key: e.node}
	path, ok := d.text(e.value, file)
	if !ok {
		d.report.failed[at.path] = true
		return
	}
	fail := func(message string) {
		d.fail(e.value, file, message)
		d.report.failed[at.path] = true
	}
	if given {
		fail("give the key itself or its _file, not both")
		return
	}
	content, problem := readFile(d.relative(path))
	if problem != "" {
		fail(problem)
		return
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
	if strings.TrimSpace(text) == "" {
		fail("the file is empty")
		return
	}
	d.mark(e.value, spot{path: at.path, label: file.label, key: e.node})
	switch target := v.Addr().Interface().(type) {
	case *connectors.Secret:
		*target = connectors.Secret(text)
	case *Redis:
		target.URL = connectors.Secret(text)
	case *[]connectors.Secret:
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line != "" {
				item := file.item(len(*target))
				d.mark(e.value, spot{path: at.item(len(*target)).path, label: item.label, key: e.node})
				*target = append(*target, connectors.Secret(line))
			}
		}
	}
}

// relative returns where a path of this file leads.
func (d *decoder) relative(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(d.dir, path)
}
