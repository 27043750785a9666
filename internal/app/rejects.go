package app

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Rejects prints the latest tasks of chat cores that could not be taken.
func Rejects(ctx context.Context, path string, limit int, asJSON bool, out io.Writer) error {
	c, err := LoadConfig(path)
	if err != nil {
		return err
	}
	s, err := openCurrent(ctx, c)
	if err != nil {
		return err
	}
	defer s.Close()
	list, all, err := s.Rejects(ctx, limit)
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(out, map[string]any{"rejects": list, "count": all})
	}
	for _, r := range list {
		fmt.Fprintf(out, "%s  %-14s %-14s %-30s %7d bytes  task %s\n", r.FirstSeen.Format(time.RFC3339), r.Type, r.Organization, r.Reason, r.Bytes, r.Task)
	}
	fmt.Fprintf(out, "%d rejected in the last seven days.\n", all)
	return nil
}
