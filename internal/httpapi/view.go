package httpapi

import "github.com/afterchat/afterchat/internal/store"

// View is a delivery as GET /v1/deliveries/{id} shows it, for whoever prints the same
// JSON elsewhere.
func View(d store.Timeline) any { return viewAlone(d) }
