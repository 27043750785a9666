package chromium

import (
	"context"

	"github.com/afterchat/afterchat/internal/fault"
)

// Page is the one page of a browser.
type Page struct {
	browser *Browser
	session string
	frame   string
}

// View is what a page is shown in: a window of so many CSS pixels, and what the reader
// prefers.
type View struct {
	Width, Height int
	Dark          bool
}

// Open opens an empty page, which will run no script of its own and has no network.
func (b *Browser) Open(ctx context.Context) (*Page, error) {
	var target struct {
		TargetID string `json:"targetId"`
	}
	if err := b.call(ctx, "", "Target.createTarget", map[string]any{"url": "about:blank"}, &target); err != nil {
		return nil, b.whyNot(ctx, err)
	}
	var attached struct {
		SessionID string `json:"sessionId"`
	}
	if err := b.call(ctx, "", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached); err != nil {
		return nil, err
	}
	p := &Page{browser: b, session: attached.SessionID}
	for _, c := range []struct {
		method string
		params any
	}{
		{"Page.enable", nil},
		{"Network.enable", nil},
		{"Network.emulateNetworkConditions", map[string]any{"offline": true, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}},
		{"Emulation.setScriptExecutionDisabled", map[string]any{"value": true}},
	} {
		if err := p.call(ctx, c.method, c.params, nil); err != nil {
			return nil, err
		}
	}
	var tree struct {
		FrameTree struct {
			Frame struct {
				ID string `json:"id"`
			} `json:"frame"`
		} `json:"frameTree"`
	}
	if err := p.call(ctx, "Page.getFrameTree", nil, &tree); err != nil {
		return nil, err
	}
	p.frame = tree.FrameTree.Frame.ID
	return p, nil
}

// Show replaces the page by HTML and waits until it is loaded.
func (p *Page) Show(ctx context.Context, html string) error {
	loaded := p.browser.expect(p.session, "Page.loadEventFired")
	if err := p.call(ctx, "Page.setDocumentContent", map[string]any{"frameId": p.frame, "html": html}, nil); err != nil {
		return err
	}
	select {
	case <-loaded:
		return nil
	case <-ctx.Done():
		return fault.Wrap(fault.Transient, "browser_slow", "Chromium took too long to load a page", ctx.Err())
	}
}

// Print returns the page as a PDF of the size that its style sheet asks for.
func (p *Page) Print(ctx context.Context) ([]byte, error) {
	return p.data(ctx, "Page.printToPDF", map[string]any{"preferCSSPageSize": true, "printBackground": true, "generateTaggedPDF": true})
}

// Look sets what the page is shown in.
func (p *Page) Look(ctx context.Context, v View) error {
	metrics := map[string]any{"width": v.Width, "height": v.Height, "deviceScaleFactor": 1, "mobile": false}
	if err := p.call(ctx, "Emulation.setDeviceMetricsOverride", metrics, nil); err != nil {
		return err
	}
	scheme := "light"
	if v.Dark {
		scheme = "dark"
	}
	return p.call(ctx, "Emulation.setEmulatedMedia", map[string]any{"features": []any{map[string]any{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// Picture returns the whole page as a PNG, more than the window where it is longer.
func (p *Page) Picture(ctx context.Context) ([]byte, error) {
	return p.data(ctx, "Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true})
}

// Evaluate runs an expression of ours in the page, and reads its value, which has to be
// one of JSON, into out.
func (p *Page) Evaluate(ctx context.Context, expression string, out any) error {
	// Ours may run, the page's may not.
	if err := p.call(ctx, "Emulation.setScriptExecutionDisabled", map[string]any{"value": false}, nil); err != nil {
		return err
	}
	result := struct {
		Result struct {
			Value any `json:"value"`
		} `json:"result"`
	}{}
	result.Result.Value = out
	if err := p.call(ctx, "Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &result); err != nil {
		return err
	}
	return p.call(ctx, "Emulation.setScriptExecutionDisabled", map[string]any{"value": true}, nil)
}

func (p *Page) data(ctx context.Context, method string, params any) ([]byte, error) {
	var out struct {
		Data []byte `json:"data"`
	}
	err := p.call(ctx, method, params, &out)
	return out.Data, err
}

func (p *Page) call(ctx context.Context, method string, params, out any) error {
	return p.browser.call(ctx, p.session, method, params, out)
}
