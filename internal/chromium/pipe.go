package chromium

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"

	"github.com/afterchat/afterchat/internal/fault"
)

// pipe speaks the Chrome DevTools Protocol: JSON messages that end in NUL, to the
// browser's file descriptor 3 and from its 4
// (https://chromedevtools.github.io/devtools-protocol/, --remote-debugging-pipe).
type pipe struct {
	to   *os.File
	from *os.File

	mu      sync.Mutex
	last    int
	waiting map[int]chan answer
	events  map[string]chan struct{}
	ended   bool
}

type answer struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
	SessionID string `json:"sessionId"`
}

// startWith starts a browser with its ends of the pipes.
func startWith(cmd *exec.Cmd) (*pipe, error) {
	theirIn, to, err := os.Pipe()
	if err != nil {
		return nil, fault.Wrap(fault.Transient, "browser_pipe", "cannot make a pipe to Chromium", err)
	}
	from, theirOut, err := os.Pipe()
	if err != nil {
		return nil, fault.Wrap(fault.Transient, "browser_pipe", "cannot make a pipe to Chromium", errors.Join(err, theirIn.Close(), to.Close()))
	}
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	err = cmd.Start()
	_, _ = theirIn.Close(), theirOut.Close()
	if err != nil {
		_, _ = to.Close(), from.Close()
		return nil, fault.Wrap(fault.Unsupported, "browser_start", "Chromium cannot be started", err)
	}
	p := &pipe{to: to, from: from, waiting: map[int]chan answer{}, events: map[string]chan struct{}{}}
	go p.listen()
	return p, nil
}

func (p *pipe) listen() {
	in := bufio.NewReaderSize(p.from, 64<<10)
	for {
		message, err := in.ReadBytes(0)
		if err != nil {
			break
		}
		var a answer
		if json.Unmarshal(message[:len(message)-1], &a) != nil {
			break
		}
		p.deliver(a)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	for id, ch := range p.waiting {
		close(ch)
		delete(p.waiting, id)
	}
}

func (p *pipe) deliver(a answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ch, ok := p.waiting[a.ID]; ok && a.ID != 0 {
		ch <- a
		delete(p.waiting, a.ID)
	}
	if ch, ok := p.events[a.SessionID+" "+a.Method]; ok && a.ID == 0 {
		close(ch)
		delete(p.events, a.SessionID+" "+a.Method)
	}
}

// expect returns what is closed at the next event of that name.
func (p *pipe) expect(session, event string) <-chan struct{} {
	ch := make(chan struct{})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events[session+" "+event] = ch
	return ch
}

// call calls a method and reads its result into out, if that is not nil. Session is
// empty for the browser itself.
func (p *pipe) call(ctx context.Context, session, method string, params, out any) error {
	ch := make(chan answer, 1)
	p.mu.Lock()
	p.last++
	id := p.last
	if !p.ended {
		p.waiting[id] = ch
	} else {
		close(ch)
	}
	p.mu.Unlock()
	message, err := json.Marshal(struct {
		ID        int    `json:"id"`
		Method    string `json:"method"`
		Params    any    `json:"params,omitempty"`
		SessionID string `json:"sessionId,omitempty"`
	}{id, method, params, session})
	if err != nil {
		return fault.Wrap(fault.Invalid, "browser_call", "calling "+method, err)
	}
	// A browser that has ended shows in the answer.
	_, _ = p.to.Write(append(message, 0))
	select {
	case a, ok := <-ch:
		switch {
		case !ok:
			return fault.New(fault.Transient, "browser_ended", "Chromium ended during "+method)
		case a.Error != nil:
			return fault.New(fault.Transient, "browser_refused", "Chromium did not do "+method)
		case out == nil:
			return nil
		}
		if err := json.Unmarshal(a.Result, out); err != nil {
			return fault.Wrap(fault.Transient, "browser_answer", "reading the answer to "+method, err)
		}
		return nil
	case <-ctx.Done():
		return fault.Wrap(fault.Transient, "browser_slow", "Chromium took too long for "+method, ctx.Err())
	}
}

func (p *pipe) close() {
	for _, c := range []io.Closer{p.to, p.from} {
		// Closing what the other side has closed is no error worth telling.
		_ = c.Close()
	}
}
