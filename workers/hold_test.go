package workers_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afterchat/afterchat/internal/store"
	"github.com/afterchat/afterchat/workers"
)

func TestACallGoesOnForAsLongAsItsClaimCanBeExtended(t *testing.T) {
	t.Parallel()
	const lease = 40 * time.Second
	// An answer of the database: how much longer the claim is, 0 where it is lost, or that
	// it is away.
	type answer struct {
		longer time.Duration
		err    error
	}
	extended, lost, away := answer{longer: lease}, answer{}, answer{err: errors.New("the database is away")}
	for name, test := range map[string]struct {
		answers []answer      // the last one again and again
		ends    time.Duration // 0: not before it is over
	}{
		"as long as it is extended":                     {[]answer{extended}, 0},
		"although the database was away for a moment":   {[]answer{away, away, extended}, 0},
		"until its claim is found lost":                 {[]answer{lost}, lease / 2},
		"until its claim is found lost later":           {[]answer{extended, lost}, lease},
		"until its lease is over and it could not more": {[]answer{away}, lease},
		"until the lease that it was given last":        {[]answer{extended, away}, lease/2 + lease},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began, asked := time.Now(), 0
				held, release := workers.Hold(t.Context(), &store.Claimed{Deadline: began.Add(lease)}, func(context.Context, *store.Claimed) (time.Time, error) {
					a := test.answers[min(asked, len(test.answers)-1)]
					asked++
					if a.err != nil || a.longer == 0 {
						return time.Time{}, a.err
					}
					return time.Now().Add(a.longer), nil
				})
				select {
				case <-held.Done():
				case <-time.After(10 * lease):
				}
				synctest.Wait() // what happens at the same moment has happened
				took := time.Since(began)
				deadline, _ := held.Deadline()
				switch {
				case test.ends == 0 && (held.Err() != nil || time.Until(deadline) < lease/2):
					t.Errorf("it ended after %s, with its deadline in %s", took, time.Until(deadline))
				case test.ends != 0 && took != test.ends:
					t.Errorf("it ended after %s", took)
				}
				release()
				before := asked
				time.Sleep(10 * lease)
				synctest.Wait()
				if held.Err() == nil || asked != before {
					t.Errorf("released, its context is %v, and it is extended %d times", held.Err(), asked-before)
				}
			})
		})
	}
}
