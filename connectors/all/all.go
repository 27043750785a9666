// Package all lists every connector that Afterchat is built with. Adding one is one
// line in Kinds.
package all

import (
	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/connectors/rt"
	"github.com/afterchat/afterchat/connectors/smtp"
	"github.com/afterchat/afterchat/connectors/twilio"
	"github.com/afterchat/afterchat/connectors/zendesk"
)

// Kinds returns the types of accounts by the name that the configuration uses.
func Kinds() map[string]connectors.Kind {
	kinds := map[string]connectors.Kind{}
	for _, k := range []connectors.Kind{
		zendesk.Kind(),
		rt.Kind(),
		smtp.Kind(),
		twilio.Kind(),
	} {
		kinds[k.Type] = k
	}
	return kinds
}
