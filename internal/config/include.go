package config

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// include reads the organizations of the files that the patterns name. A pattern that
// names nothing is fine if it has a wildcard; hidden files are passed over, and so is
// the file that includes.
func (d *decoder) include(c *Config) {
	seen := map[string]bool{filepath.Clean(d.name): true}
	for i, pattern := range c.Include {
		path := fmt.Sprintf("include[%d]", i)
		if d.report.failed["include"] || d.report.failed[path] {
			continue
		}
		files, err := filepath.Glob(d.relative(pattern))
		if err != nil {
			d.report.at(path, "is not a valid pattern")
			continue
		}
		if len(files) == 0 && !strings.ContainsAny(pattern, `*?[`) {
			d.report.at(path, "there is no such file")
		}
		for _, file := range slices.Sorted(slices.Values(files)) {
			if base := filepath.Base(file); !seen[file] && !strings.HasPrefix(base, ".") {
				seen[file] = true
				d.includeFile(file, c)
			}
		}
	}
}

// includeFile reads the one organization of a file, whose id is the file's base name.
func (d *decoder) includeFile(file string, c *Config) {
	top := place{file: file, line: 1, column: 1}
	extension := filepath.Ext(file)
	if extension != ".yaml" && extension != ".yml" {
		d.report.in(top, file, "", "an included file has the extension .yaml or .yml")
		return
	}
	id := strings.TrimSuffix(filepath.Base(file), extension)
	path := "organizations[" + id + "]"
	if _, twice := c.Organizations[id]; twice {
		d.report.in(top, file, "", "an organization of this id is configured already, in "+d.report.places[path].file)
		return
	}
	content, ok := readSource(file, d.report)
	if !ok {
		return
	}
	if c.Organizations == nil {
		c.Organizations = map[string]*Organization{}
	}
	org := new(Organization)
	c.Organizations[id] = org
	inner := &decoder{source: content, report: d.report, env: d.env, kinds: d.kinds}
	inner.value(content.root, reflect.ValueOf(org).Elem(), spot{path: path})
}
