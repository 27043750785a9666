package config

import (
	"regexp"
	"strings"
)

var variable = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// expand replaces each ${NAME} by what the environment holds, and $${ by ${. What the
// environment holds is text: it is neither expanded again nor read as YAML. used tells
// whether there was a ${NAME}.
func expand(s string, env func(string) (string, bool)) (out string, used bool, problem string) {
	var b strings.Builder
	for s != "" {
		i := strings.IndexByte(s, '$')
		if i < 0 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:i])
		s = s[i:]
		switch {
		case strings.HasPrefix(s, "$${"):
			b.WriteString("${")
			s = s[len("$${"):]
		case strings.HasPrefix(s, "${"):
			m := variable.FindStringSubmatch(s)
			if m == nil {
				return "", used, "after ${ there must be the name of an environment variable and }; write $${ to mean the characters ${"
			}
			value, ok := env(m[1])
			if !ok {
				return "", true, "the environment variable " + m[1] + " is not set"
			}
			used = true
			b.WriteString(value)
			s = s[len(m[0]):]
		default:
			b.WriteByte('$')
			s = s[1:]
		}
	}
	return b.String(), used, ""
}
