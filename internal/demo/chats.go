package demo

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"golang.org/x/text/language"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/standin"
)

// sample is a chat to end.
type sample struct {
	snapshot chat.Snapshot
	raw      json.RawMessage // as it is handed over, unknown fields included
}

func newSample(s chat.Snapshot) (sample, error) {
	raw, err := json.Marshal(s)
	if err != nil {
		return sample{}, fmt.Errorf("encoding a chat: %w", err)
	}
	return sample{s, raw}, nil
}

// again returns the sample as another conversation: the n-th time around.
func (s sample) again(n int) (sample, error) {
	s.snapshot.ID += "~" + strconv.Itoa(n)
	fields := map[string]json.RawMessage{}
	err := json.Unmarshal(s.raw, &fields)
	if err == nil {
		fields["id"], err = json.Marshal(s.snapshot.ID)
	}
	if err == nil {
		s.raw, err = json.Marshal(fields)
	}
	if err != nil {
		return sample{}, fmt.Errorf("giving a chat a new id: %w", err)
	}
	return s, nil
}

// made returns so many chats of our own making.
func made(count int) ([]sample, error) {
	samples := make([]sample, 0, count)
	for n := range count {
		s, err := newSample(standin.Chat(n + 1))
		if err != nil {
			return nil, err
		}
		samples = append(samples, s)
	}
	return samples, nil
}

// readFile reads chats from a file: see readChats and repeat.
func readFile(path string, count int) ([]sample, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "no_file", "the file of chats cannot be opened", err)
	}
	defer func() { _ = f.Close() }()
	samples, err := readChats(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return repeat(samples, count)
}

// readChats reads snapshots, one a line. The first line that holds none is an Invalid
// fault that names the line; so is a conversation that stands on two lines, because what
// is to come of it would depend on which ends first. Empty lines are skipped.
func readChats(r io.Reader) ([]sample, error) {
	var samples []sample
	seen := map[string]int{}
	in := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, readErr := in.ReadBytes('\n')
		if readErr != nil && !errors.Is(readErr, io.EOF) {
			return nil, fmt.Errorf("reading line %d: %w", n, readErr)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			snapshot, raw, err := chat.ParseSnapshot(line)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			if first, ok := seen[snapshot.ID]; ok {
				return nil, fmt.Errorf("line %d: %w", n, fault.New(fault.Invalid, "conversation_twice", "is the conversation of line "+strconv.Itoa(first)).At("id"))
			}
			seen[snapshot.ID] = n
			samples = append(samples, sample{snapshot, raw})
		}
		if readErr != nil {
			break
		}
	}
	if len(samples) == 0 {
		return nil, fault.New(fault.Invalid, "no_chats", "the file has no chats")
	}
	return samples, nil
}

// repeat returns the first count samples, and goes round again, with new ids, where
// there are fewer. A count of 0 means all, once.
func repeat(samples []sample, count int) ([]sample, error) {
	count = cmp.Or(count, len(samples))
	out := make([]sample, 0, count)
	for n := range count {
		s := samples[n%len(samples)]
		if round := n / len(samples); round > 0 {
			var err error
			if s, err = s.again(round + 1); err != nil {
				return nil, err
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// regionOf returns the region in which most of the chats were held, by their locale, ""
// if none says. Numbers without a country code are of there.
func regionOf(samples []sample) string {
	counts := map[string]int{}
	best := ""
	for _, s := range samples {
		tag, err := language.Parse(s.snapshot.Locale)
		if err != nil {
			continue
		}
		region, confidence := tag.Region()
		if confidence != language.Exact || !region.IsCountry() {
			continue // the locale names a language alone
		}
		name := region.String()
		counts[name]++
		if counts[name] > counts[best] || counts[name] == counts[best] && name < best {
			best = name
		}
	}
	return best
}
