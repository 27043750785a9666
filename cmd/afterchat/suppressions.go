package main

import (
	"context"

	"github.com/afterchat/afterchat/internal/app"
)

type suppressionsCommand struct {
	List   listSuppressionsCommand  `cmd:"" help:"List them, with why and since when."`
	Add    addSuppressionCommand    `cmd:"" help:"Write to an address or number no more."`
	Remove removeSuppressionCommand `cmd:"" help:"Write to an address or number again, whatever it was suppressed for."`
}

type suppressionFlags struct {
	configFlag
	Organization string `required:"" help:"The organization's id."`
	Channel      string `enum:",email,sms" default:"" help:"email or sms. Without it: both, or whatever the address looks like."`
	JSON         bool   `name:"json" help:"Print JSON."`
}

func (f suppressionFlags) open(ctx context.Context, s streams) (*app.Suppressions, error) {
	return app.OpenSuppressions(ctx, f.Config, f.Organization, f.JSON, s.out)
}

type listSuppressionsCommand struct {
	suppressionFlags
	Limit int `default:"100" help:"At most so many; 0 for all."`
}

// Run lists suppressions.
func (c listSuppressionsCommand) Run(ctx context.Context, s streams) error {
	l, err := c.open(ctx, s)
	if err != nil {
		return err
	}
	defer l.Close()
	return l.List(ctx, c.Channel, c.Limit)
}

type addSuppressionCommand struct {
	suppressionFlags
	Address string `arg:"" help:"The address, or the number with its country code or as the organization's region writes it."`
	Reason  string `default:"manual" help:"Why, in one word; deliveries that are suppressed show it."`
}

// Run adds a suppression.
func (c addSuppressionCommand) Run(ctx context.Context, s streams) error {
	l, err := c.open(ctx, s)
	if err != nil {
		return err
	}
	defer l.Close()
	return l.Add(ctx, c.Channel, c.Address, c.Reason)
}

type removeSuppressionCommand struct {
	suppressionFlags
	Address string `arg:"" help:"The address or number."`
}

// Run removes a suppression.
func (c removeSuppressionCommand) Run(ctx context.Context, s streams) error {
	l, err := c.open(ctx, s)
	if err != nil {
		return err
	}
	defer l.Close()
	return l.Remove(ctx, c.Channel, c.Address)
}
