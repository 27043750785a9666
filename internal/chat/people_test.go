package chat_test

import (
	"testing"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
)

func TestCancellingWhatMayHaveHappenedLeavesItUnknown(t *testing.T) {
	t.Parallel()
	d := calling()
	d.Record(chat.Result{Now: noon, Terms: terms, Fence: d.Fence, Err: fault.New(fault.Ambiguous, "timeout", ""), CanLook: true})
	if err := d.Cancel(); err != nil {
		t.Fatal(err)
	}
	if d.State != chat.Unknown || d.Error != "cancelled_while_open" || !d.LookFirst {
		t.Errorf("it is %s for %q, look first: %v", d.State, d.Error, d.LookFirst)
	}
}

func TestPeopleMayDoWhatTheContractSaysAndNothingElse(t *testing.T) {
	t.Parallel()
	states := []chat.State{chat.Pending, chat.Calling, chat.Delivered, chat.Failed, chat.Unknown, chat.Suppressed, chat.Cancelled}
	for name, c := range map[string]struct {
		do      func(*chat.Delivery) error
		allowed map[chat.State]chat.State // from, to; otherwise a Conflict
	}{
		"retry where it can be looked up": {
			func(d *chat.Delivery) error { return d.Retry(noon, true, false) },
			map[chat.State]chat.State{chat.Failed: chat.Pending, chat.Cancelled: chat.Pending, chat.Unknown: chat.Pending},
		},
		"retry where nothing can be looked up": {
			func(d *chat.Delivery) error { return d.Retry(noon, false, false) },
			map[chat.State]chat.State{chat.Failed: chat.Pending, chat.Cancelled: chat.Pending},
		},
		"retry with resend": {
			func(d *chat.Delivery) error { return d.Retry(noon, false, true) },
			map[chat.State]chat.State{chat.Failed: chat.Pending, chat.Cancelled: chat.Pending, chat.Unknown: chat.Pending},
		},
		"cancel": {
			func(d *chat.Delivery) error { return d.Cancel() },
			map[chat.State]chat.State{chat.Pending: chat.Cancelled},
		},
		"resolve as delivered": {
			func(d *chat.Delivery) error { return d.Resolve(chat.Delivered, chat.Ref{ID: "7"}) },
			map[chat.State]chat.State{chat.Unknown: chat.Delivered},
		},
		"resolve as failed": {
			func(d *chat.Delivery) error { return d.Resolve(chat.Failed, chat.Ref{}) },
			map[chat.State]chat.State{chat.Unknown: chat.Failed},
		},
	} {
		for _, s := range states {
			t.Run(name+" of what is "+string(s), func(t *testing.T) {
				t.Parallel()
				d := ended(s)
				err := c.do(&d)
				to, ok := c.allowed[s]
				switch {
				case ok && (err != nil || d.State != to):
					t.Errorf("%s, %v", d.State, err)
				case !ok && (!fault.Is(err, fault.Conflict) || d.State != s):
					t.Errorf("%s, %v; want a conflict", d.State, err)
				}
			})
		}
	}
}

func TestRetryingWhatIsUnknownLooksFirstUnlessNothingCanBeLookedUp(t *testing.T) {
	t.Parallel()
	for canLook, want := range map[bool]bool{true: true, false: false} {
		d := ended(chat.Unknown)
		if err := d.Retry(noon, canLook, true); err != nil || d.LookFirst != want || !d.Claim(today(noon)) {
			t.Errorf("can look %t: look first %t, %v", canLook, d.LookFirst, err)
		}
	}
}

func TestADeliveredTicketNeedsItsRef(t *testing.T) {
	t.Parallel()
	d := ended(chat.Unknown)
	for _, address := range []string{"javascript:alert(1)", "zd.example/35", "https:///35", "file:///etc/passwd", "http://[", "/35"} {
		if err := d.Resolve(chat.Delivered, chat.Ref{ID: "35", URL: address}); fault.FieldOf(err) != "ref.url" || d.State != chat.Unknown {
			t.Errorf("settled at %s: %v", address, err)
		}
	}
	if err := d.Resolve(chat.Delivered, chat.Ref{}); fault.FieldOf(err) != "ref.id" || d.State != chat.Unknown {
		t.Errorf("%s, %v", d.State, err)
	}
	d.Action = chat.EmailTranscript
	if err := d.Resolve(chat.Delivered, chat.Ref{}); err != nil || d.State != chat.Delivered {
		t.Errorf("a mail: %s, %v", d.State, err)
	}
	d = ended(chat.Unknown)
	if err := d.Resolve(chat.Pending, chat.Ref{}); !fault.Is(err, fault.Invalid) || fault.FieldOf(err) != "state" {
		t.Errorf("resolved as pending: %v", err)
	}
}

func TestWhatAPersonResolvedAsFailedIsSentAgainWithoutALook(t *testing.T) {
	t.Parallel()
	d := ended(chat.Unknown)
	d.LookFirst = true
	if err := d.Resolve(chat.Failed, chat.Ref{}); err != nil {
		t.Fatal(err)
	}
	if err := d.Retry(noon, false, false); err != nil || d.LookFirst {
		t.Errorf("look first %t, %v", d.LookFirst, err)
	}
}
