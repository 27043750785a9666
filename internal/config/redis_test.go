package config_test

import (
	"testing"

	"github.com/afterchat/afterchat/connectors"
	"github.com/afterchat/afterchat/internal/config"
)

func TestRedisIsFoundHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]config.RedisServers{
		"redis://localhost":                             {Addresses: []string{"localhost:6379"}},
		"redis://:pw@localhost:1/3":                     {Addresses: []string{"localhost:1"}, Password: "pw", DB: 3},
		"rediss://u:p%40w@r.example":                    {Addresses: []string{"r.example:6379"}, Username: "u", Password: "p@w", TLS: true},
		"redis://[::1]:7":                               {Addresses: []string{"[::1]:7"}},
		"redis://[::1]":                                 {Addresses: []string{"[::1]:6379"}},
		"redis-sentinel://:pw@a:1,b,[::1]:3/2?master=m": {Addresses: []string{"a:1", "b:26379", "[::1]:3"}, Password: "pw", Master: "m", DB: 2},
	} {
		got, problem := config.Redis{URL: connectors.Secret(url)}.Servers()
		equal(t, url+" is wrong", problem, "")
		equal(t, url, got, want)
	}
	got, problem := config.Redis{Nodes: []connectors.Secret{"a:1", "redis://b:2"}}.Servers()
	equal(t, "the cluster is wrong", problem, "")
	equal(t, "the cluster", got, config.RedisServers{Addresses: []string{"a:1", "b:2"}, Cluster: true})

	for _, url := range []string{
		"", "localhost", "redis:", "redis://", "redis://a:b:c", "redis://a:0", "redis://a:99999", "redis://a,b", "redis://a/x", "redis://a?master=m",
		"redis://u:%zz@a", "redis-sentinel://a", "redis-sentinel://a,?master=m", "unix:///tmp/redis", "redis://a b",
	} {
		if got, problem := (config.Redis{URL: connectors.Secret(url)}).Servers(); problem == "" && url != "" {
			t.Errorf("%q is %+v", url, got)
		}
	}
}
