package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/afterchat/afterchat/connectors"
)

// checkBounces checks what the organizations' bounces have to agree on: a door speaks
// one protocol, and an address or a secret tells whose bounce it is.
func checkBounces(c *Config, r *report) {
	protocols, paths := map[string]string{}, map[string]bool{}
	secrets := map[connectors.Secret]bool{c.HTTP.AdminToken: true}
	for _, org := range c.Organizations {
		if org != nil {
			for _, key := range org.APIKeys {
				secrets[key] = true
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.Organizations)) {
		org, at := c.Organizations[id], "organizations["+id+"].mail.bounces"
		if org == nil || org.Mail == nil || org.Mail.Bounces == nil {
			continue
		}
		b := org.Mail.Bounces
		if len(c.HTTP.SecretKeys) == 0 {
			r.at(at, "needs http.secret_keys, which prove a bounce to be one")
		}
		if b.Secret != "" && secrets[b.Secret] {
			r.at(at+".secret", "this secret is used twice; each opens one door of one organization")
		}
		secrets[b.Secret] = true
		path := strings.ToLower(b.ReturnPath)
		if path != "" && paths[path] {
			r.at(at+".return_path", "another organization has this return path")
		}
		paths[path] = true
		if b.Listen == "" {
			continue
		}
		if !isListen(b.Listen) || b.Listen == c.HTTP.Listen {
			r.at(at+".listen", "must be a host:port of its own, as 127.0.0.1:2525")
		}
		if other, ok := protocols[b.Listen]; ok && other != b.Protocol {
			r.at(at+".protocol", "another organization speaks another protocol here")
		}
		protocols[b.Listen] = b.Protocol
	}
}
