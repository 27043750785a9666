package zendesktest

import (
	"crypto/rand"
	"io"
	"net/http"
	"time"
)

// maxUpload is the most that one upload holds, in bytes.
const maxUpload = 50 << 20

// File is an attached file.
type File struct {
	Name, ContentType string
	Content           []byte
}

type upload struct {
	file File
	at   time.Time
}

// upload keeps a file until a comment takes it by its token, or the token expires.
func (s *Server) upload(r *http.Request) answer {
	name := r.URL.Query().Get("filename")
	if name == "" {
		return failure(http.StatusBadRequest, "AttachmentUnprocessable", "filename is missing")
	}
	content, err := io.ReadAll(io.LimitReader(r.Body, maxUpload+1))
	if err != nil {
		return failure(http.StatusBadRequest, "AttachmentUnprocessable", "the upload was cut short")
	}
	if len(content) > maxUpload {
		return failure(http.StatusRequestEntityTooLarge, "AttachmentTooBig", "the file is too large")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	s.store.oldUploads.expire(now.Add(-s.options.UploadLife), func(token string) { delete(s.store.uploads, token) })
	token := rand.Text()
	s.store.uploads[token] = upload{file: File{Name: name, ContentType: r.Header.Get("Content-Type"), Content: content}, at: now}
	s.store.oldUploads = append(s.store.oldUploads, queued{token, now})
	return success(http.StatusCreated, map[string]any{"upload": map[string]any{
		"token":      token,
		"attachment": map[string]any{"id": s.store.id(), "file_name": name, "size": len(content), "content_type": r.Header.Get("Content-Type")},
	}})
}

// take hands out the files of the tokens and forgets the tokens; false if one is not
// good, and then all are kept.
func (s *Server) take(tokens []string) ([]File, bool) {
	var files []File
	for _, token := range tokens {
		kept, ok := s.store.uploads[token]
		if !ok || s.options.Now().Sub(kept.at) > s.options.UploadLife {
			return nil, false
		}
		files = append(files, kept.file)
	}
	for _, token := range tokens {
		delete(s.store.uploads, token)
	}
	return files, true
}
