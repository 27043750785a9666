package store_test

import (
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/afterchat/afterchat/internal/chat"
	"github.com/afterchat/afterchat/internal/fault"
	"github.com/afterchat/afterchat/internal/store"
	"github.com/afterchat/afterchat/internal/testenv"
)

func empty(t *testing.T, dsn string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dsn, chat.Terms{Lease: time.Second, Grace: time.Second, MaxAge: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestProcessesThatStartTogetherMigrateOneAfterTheOther(t *testing.T) {
	t.Parallel()
	dsn := testenv.Postgres(t)
	var group errgroup.Group
	for range 6 {
		s := empty(t, dsn)
		group.Go(func() error {
			_, err := s.Migrate(t.Context())
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := empty(t, dsn).CheckVersion(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestADatabaseNewerThanTheProgramIsNotCalledUpToDate(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.exec("insert into goose_db_version (version_id, is_applied) select max(version_id) + 1, true from goose_db_version")
	if _, err := r.Migrate(t.Context()); fault.CodeOf(err) != "database_too_new" {
		t.Errorf("got %v", err)
	}
}
