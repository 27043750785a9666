-- name: Clock :one
select clock_timestamp()::timestamptz;

-- name: LockConversations :exec
-- A ticket is decided under its conversation's lock; the order keeps two batches from
-- waiting for each other.
select 1 from conversations
where conversation in (select d.conversation from deliveries d where d.id = any(@ids::uuid[]) and d.action = 'file_ticket')
order by conversation
for no key update;

-- name: LockDeliveries :many
select sqlc.embed(d), c.id as conversation_id,
       c.ticket_desk, c.ticket_id, c.ticket_url, c.ticket_by,
       (d.action = 'file_ticket' and exists (
            select from deliveries e
            where e.conversation = d.conversation and e.action = 'file_ticket' and e.episode < d.episode
              and e.state in ('pending', 'calling', 'unknown')))::boolean as ticket_awaited,
       clock_timestamp()::timestamptz as now
from deliveries d join conversations c using (conversation)
where d.id = any(@ids::uuid[])
order by d.id
for no key update of d;

-- name: SaveDeliveries :exec
update deliveries d
set state = n.state, held_by = n.held_by, due_at = nullif(n.due_at, '0001-01-01 00:00:00+00'), waiting_since = n.waiting_since,
    look_first = n.look_first, fence = n.fence, lease_until = nullif(n.lease_until, '0001-01-01 00:00:00+00'), first_call_at = nullif(n.first_call_at, '0001-01-01 00:00:00+00'),
    last_call_at = nullif(n.last_call_at, '0001-01-01 00:00:00+00'), identity = n.identity, attempts = n.attempts, ref_id = n.ref_id,
    ref_url = n.ref_url, error = n.error, updated_at = now()
from (select unnest(@ids::uuid[]) as id, unnest(@states::text[]) as state, unnest(@holds::text[]) as held_by,
             unnest(@due_at::timestamptz[]) as due_at, unnest(@waiting_since::timestamptz[]) as waiting_since,
             unnest(@look_first::boolean[]) as look_first, unnest(@fences::bigint[]) as fence,
             unnest(@lease_until::timestamptz[]) as lease_until, unnest(@first_call_at::timestamptz[]) as first_call_at,
             unnest(@last_call_at::timestamptz[]) as last_call_at, unnest(@identities::text[]) as identity,
             unnest(@attempts::int[]) as attempts, unnest(@ref_ids::text[]) as ref_id,
             unnest(@ref_urls::text[]) as ref_url, unnest(@errors::text[]) as error) n
where d.id = n.id;

-- name: AddDeliveries :many
-- A plan is made once: what is there already stays as it is.
insert into deliveries (id, organization, conversation, episode, action, target, params, depends_on, state, held_by, due_at, error)
select n.id, @organization, @conversation, @episode, n.action, n.target, n.params, nullif(n.depends_on, '00000000-0000-0000-0000-000000000000'), n.state, n.held_by, nullif(n.due_at, '0001-01-01 00:00:00+00'), n.error
from (select unnest(@ids::uuid[]) as id, unnest(@actions::text[]) as action, unnest(@targets::text[]) as target,
             unnest(@params::text[]) as params, unnest(@depends_on::uuid[]) as depends_on,
             unnest(@states::text[]) as state, unnest(@holds::text[]) as held_by,
             unnest(@due_at::timestamptz[]) as due_at, unnest(@errors::text[]) as error) n
on conflict (id) do nothing
returning id;

-- name: Wake :exec
-- What waits for nothing but time has a row in due.
insert into due (delivery, organization, target, action, wake_at)
select unnest(@ids::uuid[]), unnest(@organizations::text[]), unnest(@targets::text[]), unnest(@actions::text[]), unnest(@wake_at::timestamptz[])
on conflict (delivery) do update set wake_at = excluded.wake_at;

-- name: Forget :exec
delete from due where delivery = any(@ids::uuid[]);

-- name: AddAttempts :exec
-- A late result replaces what was noted when its lease was taken over.
insert into attempts (delivery, fence, at, outcome, error, duration_ms, ref_id)
select unnest(@ids::uuid[]), unnest(@fences::bigint[]), unnest(@at::timestamptz[]), unnest(@outcomes::text[]),
       unnest(@errors::text[]), unnest(@durations::bigint[]), unnest(@ref_ids::text[])
on conflict (delivery, fence) do update
set outcome = excluded.outcome, error = excluded.error, duration_ms = excluded.duration_ms, ref_id = excluded.ref_id;

-- name: SetTickets :exec
-- A conversation has one ticket, unless the old one is gone or closed for good.
update conversations c
set ticket_desk = n.desk, ticket_id = n.id, ticket_url = n.url, ticket_by = n.by
from (select unnest(@conversations::bigint[]) as conversation, unnest(@desks::text[]) as desk, unnest(@ids::text[]) as id,
             unnest(@urls::text[]) as url, unnest(@by::uuid[]) as by) n
where c.conversation = n.conversation;

-- name: Dependents :many
-- Whatever waits for one of these deliveries, or was cancelled because of it, and later
-- file_tickets of the same conversations that wait for their turn.
select id from deliveries
where depends_on = any(@ids::uuid[]) and state in ('pending', 'cancelled')
union
select id from deliveries
where conversation = any(@conversations::bigint[]) and action = 'file_ticket' and state = 'pending' and held_by = 'dependency';

-- name: DispatchDue :many
-- The next wake-ups, as many from each organization. Each is woken again after the
-- interval unless it ended by then.
with recursive organizations as (
    (select organization from due order by organization limit 1)
    union all
    select (select d.organization from due d where d.organization > o.organization order by d.organization limit 1)
    from organizations o where o.organization is not null
), ready as (
    select r.delivery
    from organizations o cross join lateral (
        select d.delivery from due d
        where d.organization = o.organization and d.wake_at <= clock_timestamp()
          and not (d.organization || '/' || d.target = any(@resting::text[]))
        order by d.wake_at
        limit sqlc.arg('each')::int
        for update skip locked) r
    where o.organization is not null
)
update due set wake_at = clock_timestamp() + make_interval(secs => @again::float8), generation = generation + 1
from ready where due.delivery = ready.delivery
returning due.delivery, due.organization, due.target, due.action, due.generation;

-- name: CountDue :one
select count(*) from due;
