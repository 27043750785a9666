package app

import "context"

// Migrate brings a configuration's database up to date and returns its version.
func Migrate(ctx context.Context, path string) (int64, error) {
	c, err := LoadConfig(path)
	if err != nil {
		return 0, err
	}
	s, err := OpenStore(ctx, c)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	return s.Migrate(ctx)
}

// Serve runs a process until ctx is done.
func Serve(ctx context.Context, path string, migrate bool, o Options) error {
	c, err := LoadConfig(path)
	if err != nil {
		return err
	}
	a, err := New(ctx, c, o)
	if err != nil {
		return err
	}
	defer a.Close()
	return a.run(ctx, migrate)
}
