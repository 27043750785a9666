package config_test

import "testing"

func TestHostsAreHeldAsTheyAreLookedUp(t *testing.T) {
	t.Parallel()
	c, err := load(t, `
database: postgres://localhost/afterchat
redis: redis://localhost
http: {public_url: "https://Bücher.example:8443/after/", secret_keys: ["${AFTERCHAT_SECRET_KEY}"]}
organizations:
  acme:
    name: Acme
    brand: {logo_url: "https://bilder.bücher.example/logo.png?a=b", website: "https://Acme.example/Ü"}
    links: {target: "https://bücher.example/chat#top", secret: "${LINK_SECRET}"}
`)
	if err != nil {
		t.Fatal(err)
	}
	acme := c.Organizations["acme"]
	equal(t, "public_url", c.HTTP.PublicURL, "https://xn--bcher-kva.example:8443/after")
	equal(t, "logo_url", acme.Brand.LogoURL, "https://bilder.xn--bcher-kva.example/logo.png?a=b")
	equal(t, "website", acme.Brand.Website, "https://Acme.example/Ü")
	equal(t, "target", acme.Links.Target, "https://xn--bcher-kva.example/chat#top")
}
