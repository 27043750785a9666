package config_test

import (
	"testing"

	"github.com/afterchat/afterchat/internal/config"
)

func TestTheNearestIsASlipOfTheFingerOrTheBeginningOfAWord(t *testing.T) {
	t.Parallel()
	known := []string{"body", "desk", "fields", "format", "from", "group", "priority", "tags", "when"}
	for word, want := range map[string]string{
		"prio": "priority", "prioritty": "priority", "form": "from", "forma": "format", "descr": "desk", "tag": "tags", "whne": "when",
		"fi": "fields", "tagss": "tags",
	} {
		if got := config.Nearest(word, known); got != want {
			t.Errorf("the nearest to %s is %s, want %s", word, got, want)
		}
	}
}
