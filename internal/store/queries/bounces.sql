-- name: LockSent :one
-- A delivery that may have reached a mailbox. A suppressed one keeps no receipt.
select sqlc.embed(d), c.id as conversation_id from deliveries d join conversations c using (conversation)
where d.id = @id and d.organization = @organization and d.first_call_at is not null and d.state <> 'suppressed'
  and d.action in ('email_transcript', 'send_link')
for no key update of d;

-- name: MailsOf :many
-- The latest mails of a conversation that were sent, but for one, from the latest on.
select * from deliveries where conversation = @conversation and target = 'mail' and ref_id <> '' and id <> @but
order by last_call_at desc nulls last, seq desc limit sqlc.arg('most')::int;

-- name: ContactsBefore :many
select body from contacts where conversation = @conversation and episode = @episode and at <= @before order by at, id;

-- name: SuppressBounced :exec
-- What stands there stays, but for a bounce that is followed by a complaint.
insert into suppressions (organization, channel, address, reason) values (@organization, 'email', @address, @reason)
on conflict (organization, channel, address) do update set reason = excluded.reason, at = now()
where suppressions.reason = 'bounced' and excluded.reason = 'complained';

-- name: ListSuppressions :many
select channel, address, reason, at from suppressions
where organization = @organization and (@channel::text = '' or channel = @channel)
  and (channel, address) > (@after_channel::text, @after_address::text)
order by channel, address limit sqlc.arg('most')::int;

-- name: AddSuppression :execrows
insert into suppressions (organization, channel, address, reason) values (@organization, @channel, @address, @reason)
on conflict (organization, channel, address) do update set reason = excluded.reason, at = now()
where suppressions.reason <> excluded.reason;

-- name: RemoveSuppression :one
delete from suppressions where organization = @organization and channel = @channel and address = @address
returning channel, address, reason, at;
