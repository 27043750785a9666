package chat_test

import (
	"testing"
	"time"

	"github.com/afterchat/afterchat/internal/chat"
)

func TestALeaseIsExtendedByWhoeverHoldsIt(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	terms := chat.Terms{Lease: time.Minute, Grace: time.Second, MaxAge: time.Hour}
	d := chat.Delivery{State: chat.Pending, DueAt: now, WaitingSince: now}
	if d.Extend(0, now, terms) {
		t.Error("what is not called has a lease")
	}
	claim := chat.Claim{Now: now, Terms: terms, Configured: true}
	if !d.Claim(claim) {
		t.Fatal("it cannot be claimed")
	}
	later := now.Add(50 * time.Second)
	if !d.Extend(1, later, terms) || !d.LeaseUntil.Equal(later.Add(time.Minute)) {
		t.Errorf("the lease ends at %s", d.LeaseUntil)
	}
	claim.Now = now.Add(90 * time.Second)
	if d.Claim(claim) {
		t.Error("another took it over before the lease ended")
	}
	claim.Now = now.Add(3 * time.Minute)
	if !d.Claim(claim) || d.Fence != 2 || !d.LookFirst {
		t.Errorf("it was not taken over: %+v", d)
	}
	if until := d.LeaseUntil; d.Extend(1, claim.Now, terms) || !d.LeaseUntil.Equal(until) {
		t.Error("who lost the lease extends it")
	}
}
