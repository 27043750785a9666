package pgserver

import "testing"

func TestVersionsAreReadFromWhatPostgresPrints(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		printed string
		want    version
	}{
		"a distribution's build": {"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", version{15, 18}},
		"a plain build":          {"postgres (PostgreSQL) 17.5\n", version{17, 5}},
		"a beta":                 {"postgres (PostgreSQL) 19beta2\n", version{19, 0}},
		"something else":         {"postgres: command not found", version{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := parseVersion(c.printed); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestTheNewerVersionWins(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		v, than version
		want    bool
	}{
		"a newer major":        {version{17, 0}, version{15, 18}, true},
		"an older major":       {version{9, 6}, version{15, 0}, false},
		"a newer minor":        {version{15, 18}, version{15, 9}, true},
		"the same":             {version{15, 18}, version{15, 18}, false},
		"anything before none": {version{14, 0}, version{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.v.newerThan(c.than); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
}
