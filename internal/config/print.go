package config

import (
	"encoding/json"
	"fmt"
)

// Format prints the configuration as JSON without its secrets, whatever the verb. Left
// alone, fmt prints what it calls a bad verb (%s of a pointer in a map) without asking
// a Secret how it wants to be printed.
func (c Config) Format(f fmt.State, _ rune) { printSafely(f, c) }

// Format prints the organization as JSON without its secrets.
func (o Organization) Format(f fmt.State, _ rune) { printSafely(f, o) }

// Format prints the account as JSON without its secrets.
func (m Mail) Format(f fmt.State, _ rune) { printSafely(f, m) }

func printSafely(f fmt.State, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		text = []byte("(a configuration that cannot be printed)")
	}
	_, _ = f.Write(text) // fmt.State has nowhere to tell of an error
}
