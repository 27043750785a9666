package config

import (
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/afterchat/afterchat/connectors"
)

// Redis says where Redis is: one of URL and Nodes is set. Servers takes it apart.
//
// URL is redis://[user:password@]host[:port][/db], rediss:// (the same over TLS) or
// redis-sentinel://[user:password@]host[:port][,host[:port]…][/db]?master=name, whose
// login is for the sentinels and the servers alike. A node of a cluster is host:port or
// a redis:// or rediss:// URL; all nodes have the same scheme and login.
type Redis struct {
	URL   connectors.Secret
	Nodes []connectors.Secret
}

// RedisServers is what a client has to know. Master is set for sentinels alone, and
// Cluster only for a list of nodes.
type RedisServers struct {
	Addresses []string // host:port
	Master    string
	Cluster   bool
	Username  string
	Password  connectors.Secret
	DB        int
	TLS       bool
}

// Servers takes the configuration apart. Load has called it, so that for a loaded
// configuration the problem is always empty. It says what is wrong and quotes nothing.
func (r Redis) Servers() (servers RedisServers, problem string) {
	if r.URL != "" {
		return parseRedis(r.URL.Reveal())
	}
	for i, node := range r.Nodes {
		text := node.Reveal()
		if !strings.Contains(text, "://") {
			text = "redis://" + text
		}
		one, problem := parseRedis(text)
		switch {
		case problem != "":
			return RedisServers{}, problem
		case one.Master != "" || one.DB != 0:
			return RedisServers{}, "a node of a cluster is host:port, or such a URL with redis:// or rediss:// and no database"
		case i == 0:
			servers = one
			servers.Cluster = true
		case one.Username != servers.Username || one.Password != servers.Password || one.TLS != servers.TLS:
			return RedisServers{}, "all nodes of a cluster need the same scheme, user and password"
		default:
			servers.Addresses = append(servers.Addresses, one.Addresses...)
		}
	}
	return servers, ""
}

// parseRedis reads one URL. The hosts are taken out before net/url sees it, because it
// refuses the list of hosts that sentinels have.
func parseRedis(text string) (RedisServers, string) {
	const malformed = "must be a URL that begins with redis://, rediss:// or redis-sentinel://"
	scheme, rest, found := strings.Cut(text, "://")
	if !found || (scheme != "redis" && scheme != "rediss" && scheme != "redis-sentinel") {
		return RedisServers{}, malformed
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	at := strings.LastIndexByte(rest[:end], '@') + 1
	u, err := url.Parse(scheme + "://" + rest[:at] + "host" + rest[end:])
	if err != nil {
		return RedisServers{}, malformed
	}
	servers := RedisServers{TLS: scheme == "rediss", Master: u.Query().Get("master")}
	if u.User != nil {
		password, _ := u.User.Password()
		servers.Username, servers.Password = u.User.Username(), connectors.Secret(password)
	}
	port, hosts := "6379", []string{rest[at:end]}
	if scheme == "redis-sentinel" {
		port, hosts = "26379", strings.Split(rest[at:end], ",")
	}
	for _, host := range hosts {
		address, ok := withPort(host, port)
		if !ok {
			return RedisServers{}, "must name its hosts as host:port"
		}
		servers.Addresses = append(servers.Addresses, address)
	}
	if db := strings.Trim(u.Path, "/"); db != "" {
		n, err := strconv.ParseUint(db, 10, 16)
		if err != nil {
			return RedisServers{}, "the path of the URL must be the number of a database"
		}
		servers.DB = int(n)
	}
	if (scheme == "redis-sentinel") != (servers.Master != "") {
		return RedisServers{}, "redis-sentinel:// needs ?master=, and nothing else takes it"
	}
	return servers, ""
}

func withPort(host, port string) (string, bool) {
	name, given, err := net.SplitHostPort(host)
	if err != nil {
		name, given = strings.Trim(host, "[]"), port
	}
	n, err := strconv.ParseUint(given, 10, 16)
	if name == "" || err != nil || n == 0 || strings.ContainsAny(name, " ,@[]%/") {
		return "", false
	}
	if strings.Contains(name, ":") && net.ParseIP(name) == nil {
		return "", false
	}
	return net.JoinHostPort(name, given), true
}
