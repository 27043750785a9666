package app

import (
	"maps"
	"slices"
	"strings"

	"github.com/afterchat/afterchat/internal/config"
	"github.com/afterchat/afterchat/templates"
)

// localesFound warns of organizations whose language nothing is written in.
func localesFound(c *config.Config) []finding {
	var findings []finding
	for _, id := range slices.Sorted(maps.Keys(c.Organizations)) {
		if templates.FirstSpoken(c.Organizations[id].Locale) == "" {
			findings = append(findings, finding{Level: "warning", Organization: id, Message: "organizations." + id + ".locale is none of the languages that there are (" +
				strings.Join(templates.Languages(), ", ") + "): English is used where a chat's own is none of them either"})
		}
	}
	return findings
}
