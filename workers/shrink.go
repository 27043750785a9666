package workers

import (
	"context"
	"math"

	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/templates"
)

// slim is what a letter goes without: its files, some of the whole chat, and what is over
// body bytes of each form if that is not 0.
type slim struct {
	bare  bool
	whole templates.Whole
	body  int
}

// slimming is how a letter that is too large for a mail server becomes smaller and smaller:
// what its reader needs is the text.
var slimming = [...]slim{
	{},
	{bare: true},
	{bare: true, whole: templates.WholeZipped},
	{bare: true, whole: templates.WholeLeftOut},
	{bare: true, whole: templates.WholeLeftOut, body: 20 << 10},
}

// Shrinking makes a letter and hands it to send, and a smaller one for as long as send
// reports that it was too large. It returns the error of a letter that could not be made.
// The context has a deadline, by which a letter has to be on its way.
func (l Letters) Shrinking(ctx context.Context, o LetterOrder, send func(Letter) (tooLarge bool)) error {
	limit, refused := o.Options.BodyLimit, math.MaxInt
	for _, s := range slimming {
		o.bare, o.Options.Whole = s.bare, s.whole
		if s.body > 0 && (limit == 0 || limit > s.body) {
			o.Options.BodyLimit = s.body
		}
		o.until, _ = ctx.Deadline() // a claim's moves on
		letter, err := l.compose(ctx, o)
		if err != nil {
			return err
		}
		size := letter.size()
		if size >= refused {
			continue
		}
		if !send(letter) {
			return nil
		}
		refused = size // and nothing was taken: a smaller one is still the first
	}
	return nil
}

// TooLarge reports whether a mail was refused for its size: the system's limit is 5.3.4,
// the mailbox's 5.2.3 (RFC 3463, 3.3 and 3.4), and some say but 552 (RFC 1870, 6).
func TooLarge(err error) bool {
	if !fault.Is(err, fault.Invalid) {
		return false
	}
	switch fault.CodeOf(err) {
	case "5.3.4", "5.2.3", "552":
		return true
	}
	return false
}
