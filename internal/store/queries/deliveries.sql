-- name: Delivery :one
select sqlc.embed(d), c.id as conversation_id from deliveries d join conversations c using (conversation)
where d.id = @id and d.organization = @organization;

-- name: DeliveriesOfConversation :many
select sqlc.embed(d), c.id as conversation_id from deliveries d join conversations c using (conversation)
where c.organization = @organization and c.id = @conversation order by d.seq;

-- name: DeliveriesSoFar :many
select conversation, id, action, target, params, state, held_by, receipt, ref_id, ref_url, updated_at
from deliveries where conversation = any(@conversations::bigint[]) order by seq;

-- name: ListDeliveries :many
select sqlc.embed(d), c.id as conversation_id from deliveries d join conversations c using (conversation)
where d.organization = @organization and d.seq > @after
  and (@state::text = '' or d.state = @state) and (@action::text = '' or d.action = @action)
order by d.seq limit sqlc.arg('most')::int;

-- name: Attempts :many
select delivery, fence, at, outcome, error, duration_ms from attempts where delivery = any(@ids::uuid[]) order by delivery, fence;

-- name: LockReceipt :one
select receipt from deliveries where id = @id and organization = @organization for no key update;

-- name: SetReceipt :exec
update deliveries set receipt = @receipt, updated_at = now() where id = @id and organization = @organization and state <> 'suppressed';

-- name: Pause :one
-- Calls that were under way when the first was refused say nothing new.
insert into pauses (organization, account, until, code, times)
values (@organization, @account, clock_timestamp() + interval '1 minute', @code, 1)
on conflict (organization, account) do update
set code = excluded.code,
    times = case when pauses.until > clock_timestamp() then pauses.times else pauses.times + 1 end,
    until = case when pauses.until > clock_timestamp() then pauses.until
                 else clock_timestamp() + least(interval '15 minutes', interval '1 minute' * pow(2, least(pauses.times, 4))) end
returning greatest(extract(epoch from until - clock_timestamp()), 1)::float8 as seconds;

-- name: Unpause :exec
delete from pauses where organization = @organization and account = @account;

-- name: Pauses :many
select organization, account, greatest(extract(epoch from until - clock_timestamp()), 0)::float8 as seconds, code from pauses;

-- name: Suppress :exec
insert into suppressions (organization, channel, address, reason) values (@organization, @channel, @address, @reason)
on conflict (organization, channel, address) do update set reason = excluded.reason, at = now();

-- name: Unsuppress :exec
delete from suppressions where organization = @organization and channel = @channel and address = @address and reason = @reason;

-- name: Suppression :one
select reason from suppressions where organization = @organization and channel = @channel and address = @address;
