package store

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/afterchat/afterchat/internal/chat"
)

// document is what an episode's snapshot column holds. Raw is the chat core's own JSON,
// sanitised, with its unknown fields; the rest is what came by other ways, and which
// message ids belong to an earlier episode.
type document struct {
	Raw      json.RawMessage `json:"raw"`
	Messages []chat.Message  `json:"messages,omitempty"`
	Notes    []chat.Note     `json:"notes,omitempty"`
	Dropped  []string        `json:"dropped,omitempty"`
	Flags    []chat.Flag     `json:"flags,omitempty"` // the snapshot's and those that rules set
}

// snapshot reads the document's parts and merges them.
func (d document) snapshot() (chat.Snapshot, error) {
	s, _, err := chat.ParseSnapshot(d.Raw)
	if err != nil {
		return chat.Snapshot{}, fmt.Errorf("reading a stored snapshot: %w", err)
	}
	return d.merge(s), nil
}

// merge adds to the chat core's snapshot what came by other ways, in order of time.
func (d document) merge(s chat.Snapshot) chat.Snapshot {
	if d.Flags != nil {
		s.Flags = d.Flags
	}
	if len(d.Messages)+len(d.Notes)+len(d.Dropped) == 0 {
		return s
	}
	s.Messages = without(mergeMessages(slices.Clone(s.Messages), d.Messages), d.Dropped)
	s.Notes = mergeNotes(slices.Clone(s.Notes), d.Notes)
	s.Sort()
	return s
}

// without removes the messages with these ids from list.
func without(list []chat.Message, ids []string) []chat.Message {
	dropped := make(map[string]bool, len(ids))
	for _, id := range ids {
		dropped[id] = true
	}
	return slices.DeleteFunc(list, func(m chat.Message) bool { return dropped[m.ID] })
}

// mergeMessages adds those of more that list does not have.
func mergeMessages(list, more []chat.Message) []chat.Message {
	if len(more) == 0 {
		return list
	}
	has := make(map[string]bool, len(list))
	for _, m := range list {
		has[m.ID] = true
	}
	for _, m := range more {
		if !has[m.ID] {
			list = append(list, m)
		}
	}
	return list
}

func mergeNotes(list, more []chat.Note) []chat.Note {
	has := make(map[string]bool, len(list))
	for _, n := range list {
		has[n.ID] = true
	}
	for _, n := range more {
		if !has[n.ID] {
			list = append(list, n)
		}
	}
	return list
}

// pack and unpack turn a document into the column's bytes and back.
func (s *Store) pack(d document) ([]byte, error) {
	raw, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encoding a snapshot: %w", err)
	}
	return s.zip.EncodeAll(raw, make([]byte, 0, len(raw)/3)), nil
}

func (s *Store) unpack(column []byte) (document, error) {
	raw, err := s.unzip.DecodeAll(column, nil)
	if err != nil {
		return document{}, fmt.Errorf("decompressing a snapshot: %w", err)
	}
	var d document
	if err := json.Unmarshal(raw, &d); err != nil {
		return document{}, fmt.Errorf("decoding a snapshot: %w", err)
	}
	return d, nil
}

func newCodec() (*zstd.Encoder, *zstd.Decoder, error) {
	zip, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2))
	if err != nil {
		return nil, nil, fmt.Errorf("preparing the compressor: %w", err)
	}
	unzip, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2))
	if err != nil {
		return nil, nil, fmt.Errorf("preparing the decompressor: %w", err)
	}
	return zip, unzip, nil
}
