package main

import (
	"context"

	"github.com/afterchat/afterchat/internal/app"
)

type deliveriesCommand struct {
	List    listCommand    `cmd:"" help:"List deliveries across conversations."`
	Show    showCommand    `cmd:"" help:"Show one delivery and every try at it."`
	Retry   retryCommand   `cmd:"" help:"Start failed, cancelled or unknown deliveries again."`
	Cancel  cancelCommand  `cmd:"" help:"Cancel a pending delivery; it becomes unknown if an earlier call may have happened."`
	Resolve resolveCommand `cmd:"" help:"Settle an unknown delivery by hand."`
}

type ledgerFlags struct {
	configFlag
	Organization string `required:"" help:"The organization's id."`
	JSON         bool   `name:"json" help:"Print JSON."`
}

func (f ledgerFlags) open(ctx context.Context, s streams) (*app.Ledger, error) {
	return app.OpenLedger(ctx, f.Config, f.Organization, f.JSON, s.out)
}

type listCommand struct {
	ledgerFlags
	State        string `enum:",pending,calling,delivered,failed,unknown,suppressed,cancelled" default:"" help:"Only those in this state: pending, calling, delivered, failed, unknown, suppressed or cancelled."`
	Action       string `enum:",file_ticket,attach_notes,amend_ticket,email_transcript,send_link" default:"" help:"Only those of this action: file_ticket, attach_notes, amend_ticket, email_transcript or send_link."`
	Conversation string `help:"Only those of this conversation."`
	Limit        int    `default:"100" help:"At most so many; 0 for all."`
}

// Run lists deliveries.
func (c listCommand) Run(ctx context.Context, s streams) error {
	l, err := c.open(ctx, s)
	if err != nil {
		return err
	}
	defer l.Close()
	return l.List(ctx, c.State, c.Action, c.Conversation, c.Limit)
}

type showCommand struct {
	ledgerFlags
	ID string `arg:"" help:"The delivery's id."`
}

// Run shows one delivery.
func (c showCommand) Run(ctx context.Context, s streams) error {
	l, err := c.open(ctx, s)
	if err != nil {
		return err
	}
	defer l.Close()
	return l.Show(ctx, c.ID)
}

type retryCommand struct {
	ledgerFlags
	IDs    []string `arg:"" name:"id" help:"The deliveries' ids."`
	Resend bool     `help:"Repeat an unknown one where nothing can be looked up, at the risk of a second one."`
}

// Run starts deliveries again.
func (c retryCommand) Run(ctx context.Context, s streams) error {
	l, err := c.open(ctx, s)
	if err != nil {
		return err
	}
	defer l.Close()
	return l.Retry(ctx, c.IDs, c.Resend)
}

type cancelCommand struct {
	ledgerFlags
	ID string `arg:"" help:"The delivery's id."`
}

// Run cancels a delivery.
func (c cancelCommand) Run(ctx context.Context, s streams) error {
	l, err := c.open(ctx, s)
	if err != nil {
		return err
	}
	defer l.Close()
	return l.Cancel(ctx, c.ID)
}

type resolveCommand struct {
	ledgerFlags
	ID     string `arg:"" help:"The delivery's id."`
	State  string `required:"" enum:"delivered,failed" help:"What became of it: delivered or failed."`
	RefID  string `help:"Its id on the other side; needed for a delivered ticket."`
	RefURL string `help:"Its address on the other side."`
}

// Run settles a delivery.
func (c resolveCommand) Run(ctx context.Context, s streams) error {
	l, err := c.open(ctx, s)
	if err != nil {
		return err
	}
	defer l.Close()
	return l.Resolve(ctx, c.ID, c.State, c.RefID, c.RefURL)
}

type rejectsCommand struct {
	configFlag
	Limit int  `default:"100" help:"At most so many."`
	JSON  bool `name:"json" help:"Print JSON."`
}

// Run lists rejects.
func (c rejectsCommand) Run(ctx context.Context, s streams) error {
	return app.Rejects(ctx, c.Config, c.Limit, c.JSON, s.out)
}
