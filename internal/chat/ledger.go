package chat

import (
	"net/url"
	"time"

	"github.com/afterchat/afterchat/internal/fault"
)

// Terms are the operator's settings of the ledger.
type Terms struct {
	Lease  time.Duration // how long a call may go on without being extended
	Grace  time.Duration // how much longer a takeover waits
	MaxAge time.Duration // how long a delivery may stay undone
}

// Claim is what is known when a worker asks to make a call. Now is the database's clock.
type Claim struct {
	Now        time.Time
	Terms      Terms
	Configured bool   // does the account exist in today's configuration?
	Identity   string // of that account
	// TicketAwaited is true when the conversation's ticket may still come from another
	// episode's file_ticket.
	TicketAwaited bool
}

// recheck is when to look again at what waits for something other than time and has
// nobody to wake it.
const recheck = time.Minute

// Claim moves a delivery to calling, with a new fence and lease, and returns true if it
// may be called now; otherwise the delivery says why not. An expired lease is taken
// over only after the grace, and then looks first.
func (d *Delivery) Claim(c Claim) bool {
	switch d.State {
	case Calling:
		if c.Now.Before(d.LeaseUntil.Add(c.Terms.Grace)) {
			return false
		}
		d.LastCallAt = d.LastCallOver()
		d.State, d.LeaseUntil, d.LookFirst = Pending, time.Time{}, true
	case Pending:
		if d.DueAt.IsZero() || c.Now.Before(d.DueAt) {
			return false
		}
	case Delivered, Failed, Unknown, Suppressed, Cancelled:
		return false
	}
	switch {
	case !c.Configured:
		d.wait(HeldByNotConfigured, c.Now.Add(5*recheck))
		d.WaitingSince = c.Now
		return false
	case d.LookFirst && !d.CalledAt(c.Identity): // nothing can look there any more
		d.end(Unknown, "identity_changed")
		return false
	case c.TicketAwaited && d.Action == FileTicket:
		d.wait(HeldByDependency, c.Now.Add(recheck))
		d.WaitingSince = c.Now
		return false
	case c.Now.Sub(d.WaitingSince) > c.Terms.MaxAge && !d.LookFirst:
		d.end(Failed, "max_age")
		return false
	}
	d.State, d.Hold, d.DueAt = Calling, "", time.Time{}
	d.Fence++
	d.LeaseUntil = c.Now.Add(c.Terms.Lease)
	if d.FirstCallAt.IsZero() {
		d.FirstCallAt = c.Now
	}
	d.LastCallAt = c.Now
	d.Identity = c.Identity
	return true
}

// Extend gives the call with this fence a new lease, and reports whether it still had
// one: whoever has lost it must end its call.
func (d *Delivery) Extend(fence int64, now time.Time, t Terms) bool {
	if d.State != Calling || d.Fence != fence {
		return false
	}
	d.LeaseUntil = now.Add(t.Lease)
	return true
}

// Result is what came of one call.
type Result struct {
	Now   time.Time
	Terms Terms
	Fence int64
	// Ref is what was made or found; only read when Err is nil.
	Ref Ref
	Err error
	// Open is true when an earlier call's outcome is still open after this one: the
	// look did not work, or was too early.
	Open bool
	// CanLook is false when nothing can be looked up there (see Blind).
	CanLook bool
	// Resend is the operator's choice to repeat what cannot be looked up. An earlier call
	// stays open for all that.
	Resend bool
	// Lag is how long to wait before a look can be trusted.
	Lag time.Duration
	// End, if set, ends the delivery in that state without an effect (suppressed or
	// cancelled), for the reason in Err's code.
	End State
}

// Record takes in the result of the call with the result's fence, and reports whether
// it was in time. A result that comes too late changes nothing, unless it says that the
// effect happened and the delivery does not know yet.
func (d *Delivery) Record(r Result) bool {
	if d.State != Calling || d.Fence != r.Fence {
		if r.Err == nil && d.State != Delivered {
			d.deliver(r.Ref)
		}
		return false
	}
	if r.Err == nil {
		d.deliver(r.Ref)
		return true
	}
	d.LastCallAt = r.Now
	d.Error = describe(r.Err)
	kind := fault.KindOf(r.Err)
	d.State, d.LeaseUntil = Pending, time.Time{}
	d.LookFirst = r.Open || kind == fault.Ambiguous
	switch {
	case r.End != "":
		d.end(r.End, fault.CodeOf(r.Err))
	case kind == fault.RateLimited:
		wait := fault.RetryAfterOf(r.Err)
		if wait == 0 {
			wait = patience(r.Now.Sub(d.WaitingSince))
		}
		d.wait(HeldByRateLimit, r.Now.Add(max(wait, time.Second)))
	case kind == fault.Denied:
		d.wait(HeldByAccountPaused, r.Now.Add(max(fault.RetryAfterOf(r.Err), time.Minute)))
	case d.LookFirst && !r.CanLook && (!r.Resend || kind != fault.Ambiguous && kind != fault.Transient):
		d.end(Unknown, d.Error)
	case d.LookFirst || kind == fault.Transient:
		d.retry(r)
	default:
		d.end(Failed, d.Error)
	}
	return true
}

// LastCallOver is when the last call was over at the latest: a call that was never heard
// of again ended with its lease.
func (d *Delivery) LastCallOver() time.Time {
	if d.State == Calling {
		return d.LeaseUntil
	}
	return d.LastCallAt
}

// Postpone puts a delivery that is due off until a time, without an attempt. One that is
// not due keeps what it waits for: a wake-up may come twice.
func (d *Delivery) Postpone(now time.Time, hold Hold, until time.Time) {
	if d.State == Pending && !d.DueAt.IsZero() && !now.Before(d.DueAt) {
		d.wait(hold, until)
	}
}

// Release lets a delivery go that waited for something other than time. What waits for
// time alone keeps its time: the lag of a search, or what a vendor asked for.
func (d *Delivery) Release(now time.Time) {
	if d.State == Pending && (d.Hold == HeldByDependency || d.Hold == HeldBySettle || d.Hold == HeldByContact) {
		d.free(now)
	}
}

// Revive brings back what was cancelled because of its ticket.
func (d *Delivery) Revive(now time.Time) {
	if d.State == Cancelled && d.Error == TicketGone {
		d.State, d.Error = Pending, ""
		d.free(now)
		return
	}
	d.Release(now)
}

// The errors of a message to a user who has no address, or none that mail can be sent to.
const (
	NoAddress  = "no_address"
	BadAddress = "bad_address"
)

// LacksAddress reports whether it is a transcript that ended because its user had no
// address.
func (d *Delivery) LacksAddress() bool {
	return d.Action == EmailTranscript && d.Params.To == "" && d.State == Suppressed && (d.Error == NoAddress || d.Error == BadAddress)
}

// AddressCame brings back what lacks an address. Nothing was sent of it, so it is still
// sent once.
func (d *Delivery) AddressCame(now time.Time) {
	if d.LacksAddress() {
		d.State, d.Error = Pending, ""
		d.free(now)
	}
}

// TicketClosed is the code of what found its ticket closed for good, or gone, and
// lostTicket the error that it shows until another ticket is there.
const (
	TicketClosed = "ticket_closed"
	lostTicket   = "conflict: " + TicketClosed
)

// LostTicket reports whether it found its ticket closed for good and belongs on the one
// that follows: it waits for that, or has failed because none came.
func (d *Delivery) LostTicket() bool {
	waits := d.State == Failed || d.State == Pending && d.Hold == HeldByDependency
	return waits && d.Error == lostTicket
}

// AwaitFollowUp has what was refused by a closed ticket wait for the ticket that follows.
func (d *Delivery) AwaitFollowUp() {
	d.State, d.Error = Pending, lostTicket
	d.wait(HeldByDependency, time.Time{})
}

// TicketFollowed lets go what lost its ticket: the conversation has another now.
func (d *Delivery) TicketFollowed(now time.Time) {
	if d.LostTicket() {
		d.State, d.Error = Pending, ""
		d.free(now)
	}
}

// NoTicketFollows ends what waits for a ticket that will not come.
func (d *Delivery) NoTicketFollows() {
	if d.LostTicket() {
		d.end(Failed, lostTicket)
	}
}

// AwaitTicket puts a delivery off until its ticket is there.
func (d *Delivery) AwaitTicket() {
	if d.State == Pending {
		d.wait(HeldByDependency, time.Time{})
	}
}

// TicketGone is the error of what was cancelled because its ticket failed.
const TicketGone = "ticket_not_filed"

// TicketFailed tells a delivery that the ticket it waits for will not come. What
// belongs to the ticket is cancelled; a transcript that only wanted its number goes.
func (d *Delivery) TicketFailed(now time.Time) {
	if d.State != Pending || d.Hold != HeldByDependency {
		return
	}
	if d.Action == AttachNotes || d.Action == AmendTicket {
		d.end(Cancelled, TicketGone)
		return
	}
	d.Release(now)
}

// CalledAt reports whether earlier calls, if there were any, went to this account.
func (d *Delivery) CalledAt(identity string) bool { return d.Identity == "" || d.Identity == identity }

// Retry starts a finished delivery again. What is unknown looks first; where nothing
// can be looked up, as when the account is another by now, it needs resend.
func (d *Delivery) Retry(now time.Time, canLook, resend bool) error {
	switch d.State {
	case Unknown:
		if !canLook && !resend {
			return fault.New(fault.Conflict, "needs_resend", "nothing can be looked up at this account: say resend to risk a second one, or resolve it by hand")
		}
		d.LookFirst = canLook
	case Failed, Cancelled:
	case Pending, Calling, Delivered, Suppressed:
		return stateConflict("retried", d.State)
	}
	d.State, d.Error = Pending, ""
	d.free(now)
	return nil
}

// Cancel ends a pending delivery. One whose earlier call may have happened becomes
// unknown instead: to say that it will not come would let another be made beside it.
func (d *Delivery) Cancel() error {
	if d.State != Pending {
		return stateConflict("cancelled", d.State)
	}
	if d.LookFirst {
		d.end(Unknown, "cancelled_while_open")
		return nil
	}
	d.end(Cancelled, "cancelled_by_request")
	return nil
}

// Resolve settles an unknown delivery by hand: whoever says that it failed says that it
// did not happen, so a later retry need not look.
func (d *Delivery) Resolve(to State, ref Ref) error {
	switch {
	case d.State != Unknown:
		return stateConflict("resolved", d.State)
	case to == Delivered && d.Action == FileTicket && ref.ID == "":
		return fault.New(fault.Invalid, "ref_required", "a delivered ticket needs its ref").At("ref.id")
	case ref.URL != "" && !isWebAddress(ref.URL):
		return invalid("ref.url", "is not an http or https URL")
	case to == Delivered:
		d.deliver(ref)
	case to == Failed:
		d.end(Failed, "resolved_as_failed")
		d.LookFirst = false
	default:
		return fault.New(fault.Invalid, "invalid_state", "state is delivered or failed").At("state")
	}
	return nil
}

// isWebAddress keeps from pages and mails what a click should not lead to.
func isWebAddress(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func (d *Delivery) wait(hold Hold, until time.Time) { d.Hold, d.DueAt = hold, until }

func (d *Delivery) free(now time.Time) {
	d.wait("", now)
	d.WaitingSince = now
}

func (d *Delivery) end(s State, why string) {
	d.State, d.Error = s, why
	d.Hold, d.DueAt, d.LeaseUntil = "", time.Time{}, time.Time{}
}

func (d *Delivery) deliver(ref Ref) {
	d.end(Delivered, "")
	d.Ref, d.LookFirst = ref, false
}

// retry makes a delivery due again after a growing delay, or ends it when it is too old.
func (d *Delivery) retry(r Result) {
	d.Attempts++
	if r.Now.Sub(d.WaitingSince) > r.Terms.MaxAge {
		if d.LookFirst {
			d.end(Unknown, d.Error)
		} else {
			d.end(Failed, d.Error)
		}
		return
	}
	delay := Backoff(d.Attempts)
	if d.LookFirst {
		delay = max(delay, r.Lag)
	}
	d.wait("", r.Now.Add(max(delay, fault.RetryAfterOf(r.Err))))
}

// Backoff is the pause after the n-th try that failed: 2 s, doubling up to 30 minutes.
func Backoff(n int) time.Duration {
	const first, most = 2 * time.Second, 30 * time.Minute
	if n > 10 {
		return most
	}
	return min(first<<max(n-1, 0), most)
}

// patience is how long to wait for a vendor that takes no more and does not say for how
// long, when that has gone on for so long: a second in the first minute, a minute after an
// hour, five at most.
func patience(soFar time.Duration) time.Duration {
	return min(max(soFar/60, time.Second), 5*time.Minute)
}

func describe(err error) string {
	kind := fault.KindOf(err).String()
	if code := fault.CodeOf(err); code != "" {
		return kind + ": " + code
	}
	return kind
}

func stateConflict(what string, s State) error {
	return fault.New(fault.Conflict, "wrong_state", "a delivery that is "+string(s)+" cannot be "+what)
}
