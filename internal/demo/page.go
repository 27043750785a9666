package demo

import (
	"context"
	"embed"
	"encoding/json"
	"io/fs"
	"net"
	"net/http"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/standin"
)

//go:embed page
var pageFiles embed.FS

// pagePolicy lets the page use its own files and frame its own pages, and nothing else.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// page is the page to watch on, and behind it Afterchat's own door.
type page struct {
	stage *stage
	mux   *http.ServeMux
}

func newPage(g *stage) *page {
	p := &page{stage: g, mux: http.NewServeMux()}
	door := g.stack.app.Handler()
	p.mux.Handle("/", door)
	p.mux.Handle("GET /{$}", local(file("index.html", "text/html; charset=utf-8")))
	p.mux.Handle("GET /demo/page.css", file("page.css", "text/css; charset=utf-8"))
	p.mux.Handle("GET /demo/page.js", file("page.js", "text/javascript; charset=utf-8"))
	p.mux.Handle("GET /demo/state", local(http.HandlerFunc(p.state)))
	p.mux.Handle("GET /demo/mail/{key}", local(http.HandlerFunc(p.mail)))
	p.mux.Handle("POST /demo/chats", local(p.act(func(ctx context.Context, _ string) (string, error) { return g.next(ctx, 0) })))
	for verb, do := range map[string]func(context.Context, string) error{"note": g.note, "contact": g.contact, "episode": g.again} {
		p.mux.Handle("POST /demo/chats/{id}/"+verb, local(p.act(func(ctx context.Context, id string) (string, error) { return id, do(ctx, id) })))
	}
	p.mux.Handle("GET "+resumedPath, local(http.HandlerFunc(p.resumed)))
	p.mux.Handle("/monitor/", local(withToken(door)))
	return p
}

// ServeHTTP answers one request.
func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// act answers a button with the id of the chat that it was about.
func (p *page) act(do func(ctx context.Context, id string) (string, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, err := do(r.Context(), r.PathValue("id"))
		status := http.StatusOK
		answer := map[string]string{"chat": id}
		if err != nil {
			status, answer = http.StatusConflict, map[string]string{"error": err.Error()}
			if fault.Is(err, fault.NotFound) {
				status = http.StatusNotFound
			}
		}
		writeJSON(w, status, answer)
	})
}

// mail shows a mail's HTML, for a frame without any rights.
func (p *page) mail(w http.ResponseWriter, r *http.Request) {
	key, err := chat.ParseKey(r.PathValue("key"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	for _, m := range p.stage.stack.vendors.Mail.Messages() {
		if standin.MailKey(m) != key.String() {
			continue
		}
		content, err := m.Read()
		if err != nil {
			break
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'")
		h.Set("Referrer-Policy", "no-referrer")
		_, _ = w.Write([]byte(content.HTML)) // whoever asked may have gone
		return
	}
	http.NotFound(w, r)
}

// local refuses what a page of another site asks for, by whatever name it calls this
// machine: the demo's own pages take no password.
func local(h http.Handler) http.Handler {
	h = http.NewCrossOriginProtection().Handler(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "The demo is for this machine alone: open it as http://127.0.0.1 with the port that it printed.", http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// withToken opens the dashboard to whoever sees this page.
func withToken(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+standin.AdminToken)
		h.ServeHTTP(w, r)
	})
}

func file(name, contentType string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, err := fs.ReadFile(pageFiles, "page/"+name)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", contentType)
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		_, _ = w.Write(content) // whoever asked may have gone
	})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // whoever asked may have gone
}
