package zendesk

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/afterchat/afterchat/internal/fault"
)

const (
	// groupsFor is how long the list of groups is believed, and groupsAgain how soon it
	// is read again for a name that is not in it.
	groupsFor   = 5 * time.Minute
	groupsAgain = 15 * time.Second
)

// groups is the account's list of groups, by lower-case name.
type groups struct {
	mu   sync.Mutex
	ids  map[string]int64
	read time.Time
}

// groupID returns the id of a group that is given by id or by name, and 0 for none.
func (c *Client) groupID(ctx context.Context, group string) (int64, error) {
	group = strings.TrimSpace(group)
	if group == "" {
		return 0, nil
	}
	if id, err := strconv.ParseInt(group, 10, 64); err == nil {
		return id, nil
	}
	id, known, age := c.groups.get(group)
	if known && age < groupsFor {
		return id, nil
	}
	if age > groupsAgain {
		ids, err := c.readGroups(ctx)
		if err != nil {
			return 0, preparing(err)
		}
		c.groups.set(ids)
		if id, known, _ = c.groups.get(group); known {
			return id, nil
		}
	}
	return 0, fault.New(fault.Invalid, "unknown_group", "Zendesk has no group of this name").At("group")
}

// hasGroup looks whether there is a group of this name or id.
func (c *Client) hasGroup(ctx context.Context, group string) (bool, error) {
	ids, err := c.readGroups(ctx)
	if err != nil {
		return false, err
	}
	group = strings.TrimSpace(group)
	if id, err := strconv.ParseInt(group, 10, 64); err == nil {
		return slices.Contains(slices.Collect(maps.Values(ids)), id), nil
	}
	_, known := ids[strings.ToLower(group)]
	return known, nil
}

func (c *Client) readGroups(ctx context.Context) (map[string]int64, error) {
	type page struct {
		Groups []struct {
			ID   int64  `json:"id"`
			Name string `json:"name"`
		} `json:"groups"`
		cursor
	}
	ids := make(map[string]int64)
	err := everyPage(ctx, c, "listing groups", "/groups", func(p page) {
		for _, group := range p.Groups {
			ids[strings.ToLower(group.Name)] = group.ID
		}
	})
	return ids, err
}

func (g *groups) get(name string) (id int64, known bool, age time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	id, known = g.ids[strings.ToLower(name)]
	return id, known, time.Since(g.read)
}

func (g *groups) set(ids map[string]int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ids, g.read = ids, time.Now()
}
