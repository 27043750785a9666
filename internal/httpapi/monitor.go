package httpapi

import "net/http"

// monitorPolicy is what the dashboard's pages need, which start with scripts and styles
// in the page itself, and no more. The fonts of another site that they ask for are not
// loaded.
const monitorPolicy = "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// routeMonitor puts the asynq dashboard behind the admin token. It can only be looked at:
// no method but GET and HEAD gets through, whatever the dashboard itself would allow.
func (a *api) routeMonitor() {
	a.page(operation{
		id: "monitor", method: http.MethodGet, path: "/monitor/", tag: "Operation",
		summary: "The asynq dashboard, read-only",
	}, adminScheme, func(w http.ResponseWriter, r *http.Request) {
		if a.Monitor == nil || a.AdminToken == "" {
			a.refuse(w, r, notFound("page"))
			return
		}
		if !isAdmin(r, a.AdminToken) {
			p := newProblem(http.StatusUnauthorized, codeUnauthorized, "send the admin token as Bearer, or as the Basic password")
			p.header.Set("WWW-Authenticate", `Basic realm="Afterchat", charset="UTF-8"`)
			p.write(w)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", monitorPolicy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "DENY")
		a.Monitor.ServeHTTP(w, r)
	})
}
