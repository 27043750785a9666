//go:build linux

package crashtest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAnEmptiedRedisCostsOnlyTime(t *testing.T) {
	t.Parallel()
	r := newRig(t, seedOf(t))
	// Two workers, one for each that hangs: of more some would be left to the others.
	r.edit = func(config string) string {
		return strings.Replace(config, fmt.Sprintf("concurrency: %d", concurrency), "concurrency: 2", 1)
	}
	r.start()
	openDesk, openPhone := r.zendesk.hold(t), r.twilio.hold(t)
	c := newCore(r)
	c.chats(40)
	r.quiet() // some are being called, many more wait in Redis
	if n := r.waiting(); n < 5 {
		t.Errorf("only %d tasks wait in Redis", n)
	}
	if err := r.admin.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	openDesk()
	openPhone()
	if accepted := c.finish(); accepted != 40 {
		t.Errorf("%d of 40 chats were accepted", accepted)
	}
	if found, resent := r.settle(3 * time.Minute); found+resent > 0 {
		t.Errorf("%d deliveries became unknown", found+resent)
	}
	r.verify(c)
}

func TestPostgresThatHangsUpIsWaitedFor(t *testing.T) {
	t.Parallel()
	withoutPostgres(t, func(line *relay) func() {
		line.cut()
		return line.up
	})
}

func TestPostgresThatGoesSilentIsWaitedFor(t *testing.T) {
	t.Parallel()
	withoutPostgres(t, (*relay).silence)
}

// withoutPostgres takes PostgreSQL away in the middle of the work, for longer than a
// lease, and gives it back.
func withoutPostgres(t *testing.T, away func(*relay) (back func())) {
	r := newRig(t, seedOf(t))
	line := r.through(&r.database)
	p := r.start()
	c := newCore(r)
	c.chats(40)
	eventually(t, 30*time.Second, "the work has begun", func() bool { return len(r.vendors.Effects()) > 5 })
	back := away(line)
	left := time.Now()
	r.readyz(http.StatusServiceUnavailable, "postgres unavailable, redis ok")
	if status, _ := get("http://" + p.address + "/healthz"); status != http.StatusOK {
		t.Errorf("healthz: %d", status)
	}
	if status, answer := r.call(http.MethodGet, "/v1/deliveries", nil, nil, nil); status/100 == 2 || status/100 == 4 {
		t.Errorf("a question without PostgreSQL: %d %s", status, answer)
	}
	time.Sleep(time.Until(left.Add(lease + grace + time.Second)))
	back()
	r.readyz(http.StatusOK, "postgres ok, redis ok")
	if accepted := c.finish(); accepted != 40 {
		t.Errorf("%d of 40 chats were accepted", accepted)
	}
	found, resent := r.settle(3 * time.Minute)
	t.Logf("by hand: %d mails found in the mailbox, %d sent again", found, resent)
	r.verify(c)
	if !p.alive() {
		t.Error("the process ended")
	}
}

func TestRedisMayBeAwayAtTheStartAndLater(t *testing.T) {
	t.Parallel()
	r := newRig(t, seedOf(t))
	line := r.through(&r.redis)
	line.cut()
	p := r.start()
	r.readyz(http.StatusServiceUnavailable, "postgres ok, redis unavailable")
	eventually(t, 30*time.Second, "the log says that Redis is away", func() bool {
		return strings.Contains(r.log(), "level=WARN msg=waiting") && strings.Contains(r.log(), "Redis cannot be reached")
	})
	c := newCore(r)
	c.chats(10)
	eventually(t, 30*time.Second, "what comes by HTTP is accepted without Redis", func() bool {
		return len(r.ledger("")) >= 5*4
	})
	if n := len(r.vendors.Effects()); n > 0 {
		t.Errorf("%d effects before Redis was there", n)
	}
	line.up()
	r.readyz(http.StatusOK, "postgres ok, redis ok")
	eventually(t, 30*time.Second, "the work has begun", func() bool { return len(r.vendors.Effects()) > 5 })
	line.cut()
	c.chats(10)
	time.Sleep(2 * time.Second)
	line.up()
	if accepted := c.finish(); accepted != 20 {
		t.Errorf("%d of 20 chats were accepted", accepted)
	}
	r.settle(3 * time.Minute)
	r.verify(c)
	if !p.alive() {
		t.Error("the process ended")
	}
}

// readyz waits until the process says of itself what it should.
func (r *rig) readyz(status int, says string) {
	r.t.Helper()
	var got string
	defer func() {
		if r.t.Failed() {
			r.t.Logf("readyz says %s", got)
		}
	}()
	eventually(r.t, 30*time.Second, "readyz says "+says, func() bool {
		var parts struct{ Postgres, Redis string }
		code, answer := get("http://" + r.door() + "/readyz")
		got = fmt.Sprint(code, " ", answer)
		return code == status && decode(answer, &parts) && "postgres "+parts.Postgres+", redis "+parts.Redis == says
	})
}

// waiting is how many deliveries' tasks wait in Redis.
func (r *rig) waiting() int {
	info, err := r.inspector.GetQueueInfo("deliveries")
	if err != nil {
		return 0
	}
	return info.Pending
}
