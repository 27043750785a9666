-- name: LockConversations :exec
-- A ticket is decided under its conversation's lock, and so is whatever the caller says;
-- the order keeps two batches from waiting for each other.
select 1 from conversations
where conversation in (
    select d.conversation from deliveries d where d.id = any(@ids::uuid[]) and (d.action = 'file_ticket' or d.id = any(@others::uuid[])))
order by conversation
for no key update;

-- name: LockDeliveries :many
-- A ticket is awaited while another file_ticket of the conversation may have made it, or
-- an earlier episode's is still to be tried. One that may have made it itself looks first
-- and waits for none that was never tried, or the two would wait for each other.
select sqlc.embed(d), c.id as conversation_id,
       c.ticket_desk, c.ticket_id, c.ticket_url, c.ticket_by,
       (select count(*) from contacts x where x.conversation = d.conversation)::int as contacts,
       exists (select from suppressions x where x.organization = d.organization) as has_suppressions,
       (d.target = 'mail' and exists (
            select from deliveries e where e.conversation = d.conversation and e.target = 'mail' and e.ref_id <> '' and e.id <> d.id
            ))::boolean as has_mails,
       (d.action = 'file_ticket' and exists (
            select from deliveries e
            where e.conversation = d.conversation and e.action = 'file_ticket' and e.id <> d.id
              and (e.state in ('calling', 'unknown') or e.state = 'pending' and (e.look_first or e.episode < d.episode and not d.look_first))
            ))::boolean as ticket_awaited,
       clock_timestamp()::timestamptz as now
from deliveries d join conversations c using (conversation)
where d.id = any(@ids::uuid[])
order by d.id
for no key update of d;

-- name: MoveDeliveries :exec
-- Writes what a batch of moves has come to, in one statement: the deliveries, what has
-- to wake them, what was tried, and the conversations' tickets. A zero time is null.
with moved as (
    select unnest(@ids::uuid[]) as id, unnest(@states::text[]) as state, unnest(@holds::text[]) as held_by,
           unnest(@due_at::timestamptz[]) as due_at, unnest(@waiting_since::timestamptz[]) as waiting_since,
           unnest(@look_first::boolean[]) as look_first, unnest(@fences::bigint[]) as fence,
           unnest(@lease_until::timestamptz[]) as lease_until, unnest(@first_call_at::timestamptz[]) as first_call_at,
           unnest(@last_call_at::timestamptz[]) as last_call_at, unnest(@identities::text[]) as identity,
           unnest(@attempts::int[]) as attempts, unnest(@ref_ids::text[]) as ref_id,
           unnest(@ref_urls::text[]) as ref_url, unnest(@errors::text[]) as error
), saved as (
    update deliveries d
    set state = n.state, held_by = n.held_by, due_at = nullif(n.due_at, '0001-01-01 00:00:00+00'), waiting_since = n.waiting_since,
        look_first = n.look_first, fence = n.fence, lease_until = nullif(n.lease_until, '0001-01-01 00:00:00+00'),
        first_call_at = nullif(n.first_call_at, '0001-01-01 00:00:00+00'), last_call_at = nullif(n.last_call_at, '0001-01-01 00:00:00+00'),
        identity = n.identity, attempts = n.attempts, ref_id = n.ref_id, ref_url = n.ref_url, error = n.error, updated_at = now()
    from moved n where d.id = n.id
), woken as (
    insert into due (delivery, organization, target, action, wake_at)
    select d.id, d.organization, d.target, d.action, n.due_at
    from moved n join deliveries d using (id)
    where n.state = 'pending' and n.due_at > '0001-01-01 00:00:00+00'
    on conflict (delivery) do update set wake_at = excluded.wake_at
), forgotten as (
    delete from due using moved n
    where due.delivery = n.id and n.state <> 'calling' and (n.state <> 'pending' or n.due_at = '0001-01-01 00:00:00+00')
), tried as (
    -- A late result replaces what was noted when its lease was taken over.
    insert into attempts (delivery, fence, at, outcome, error, duration_ms, ref_id)
    select unnest(@tried::uuid[]), unnest(@tried_fences::bigint[]), unnest(@tried_at::timestamptz[]), unnest(@outcomes::text[]),
           unnest(@tried_errors::text[]), unnest(@durations::bigint[]), unnest(@tried_refs::text[])
    on conflict (delivery, fence) do update
    set outcome = excluded.outcome, error = excluded.error, duration_ms = excluded.duration_ms, ref_id = excluded.ref_id
)
update conversations c
set ticket_desk = n.desk, ticket_id = n.id, ticket_url = n.url, ticket_by = n.by
from (select unnest(@conversations::bigint[]) as conversation, unnest(@desks::text[]) as desk, unnest(@tickets::text[]) as id,
             unnest(@urls::text[]) as url, unnest(@by::uuid[]) as by) n
where c.conversation = n.conversation;

-- name: AddDeliveries :many
-- A plan is made once: what is there already stays as it is. A delay of null waits for
-- something other than time. What waits for time begins to grow old when that is over.
with wanted as (
    select unnest(@ids::uuid[]) as id, unnest(@organizations::text[]) as organization, unnest(@conversations::bigint[]) as conversation,
           unnest(@episodes::int[]) as episode, unnest(@actions::text[]) as action, unnest(@targets::text[]) as target,
           unnest(@params::text[]) as params, unnest(@depends_on::uuid[]) as depends_on,
           unnest(@states::text[]) as state, unnest(@holds::text[]) as held_by,
           unnest(@delays::float8[]) as delay, unnest(@errors::text[]) as error
), planned as (
    select *, case when state = 'pending' and delay >= 0 then clock_timestamp() + make_interval(secs => delay) end as due_at from wanted
), added as (
    insert into deliveries (id, organization, conversation, episode, action, target, params, depends_on, state, held_by, due_at, waiting_since, error)
    select n.id, n.organization, n.conversation, n.episode, n.action, n.target, n.params,
           nullif(n.depends_on, '00000000-0000-0000-0000-000000000000'), n.state, n.held_by,
           n.due_at, coalesce(n.due_at, now()), n.error
    from planned n
    on conflict (id) do nothing
    returning id, organization, target, action, due_at
), woken as (
    insert into due (delivery, organization, target, action, wake_at)
    select id, organization, target, action, due_at from added where due_at is not null
)
select id from added;

-- name: LockDependents :many
-- Whatever waits for one of these deliveries, or was cancelled because of it; of the same
-- conversations, later file_tickets that wait for their turn and what lost its ticket.
select sqlc.embed(d), c.id as conversation_id, clock_timestamp()::timestamptz as now
from deliveries d join conversations c using (conversation)
where d.id in (
    select w.id from deliveries w where w.depends_on = any(@ids::uuid[]) and w.state in ('pending', 'cancelled')
    union
    select t.id from deliveries t
    where t.conversation = any(@conversations::bigint[])
      and (t.action = 'file_ticket' and t.state = 'pending' and t.held_by = 'dependency'
        or t.error = 'conflict: ticket_closed' and t.state in ('pending', 'failed')))
order by d.id
for no key update of d;

-- name: DispatchDue :many
-- The next wake-ups, as many from each organization. Each is woken again after the
-- interval unless it ended by then. What is not due yet is not read, however much that is:
-- the index is asked with now(), which does not change while it is read, and the rows are
-- written by their keys.
with recursive organizations as (
    (select organization from due order by organization limit 1)
    union all
    select (select d.organization from due d where d.organization > o.organization order by d.organization limit 1)
    from organizations o where o.organization is not null
), ready as (
    select r.delivery
    from organizations o cross join lateral (
        select d.delivery from due d
        where d.organization = o.organization and d.wake_at <= now()
          and not (d.organization || '/' || d.target = any(@resting::text[]))
        order by d.wake_at
        limit sqlc.arg('each')::int
        for update skip locked) r
    where o.organization is not null
)
update due set wake_at = clock_timestamp() + make_interval(secs => @again::float8), generation = generation + 1
where delivery = any(array(select delivery from ready))
returning delivery, organization, target, action, generation;

-- name: CountDue :one
select count(*) from due;

-- name: WakeConfigured :execrows
-- Has what is held for want of its account looked at now, for these accounts, each written
-- as organization/target. What somebody moves at this moment is left to them.
with held as (
    select d.id from due join deliveries d on d.id = due.delivery
    where due.organization || '/' || due.target = any(@accounts::text[]) and d.state = 'pending' and d.held_by = 'not_configured'
    for no key update of d skip locked
), freed as (
    update deliveries d set due_at = clock_timestamp() from held where d.id = held.id
)
update due set wake_at = clock_timestamp() from held where due.delivery = held.id;
