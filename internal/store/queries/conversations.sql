-- name: LockConversation :one
-- The conversation's row, made if need be, and its lock. Nothing can be known yet of one
-- that was just made.
insert into conversations (organization, id) values (@organization, @id)
on conflict (organization, id) do update set organization = excluded.organization
returning sqlc.embed(conversations), (xmax = 0)::boolean as made;

-- name: Conversation :one
select * from conversations where organization = @organization and id = @id;

-- name: Episodes :many
select conversation, episode, state, digest, freeze_at, ended_at from episodes
where conversation = @conversation order by episode;

-- name: Snapshot :one
select state, snapshot from episodes where conversation = @conversation and episode = @episode;

-- name: EndEpisode :exec
-- Without a time of its own, an episode ended now.
insert into episodes (conversation, episode, state, digest, freeze_at, ended_at, snapshot)
values (@conversation, @episode, @state, @digest, clock_timestamp() + make_interval(secs => @settle::float8),
        coalesce(sqlc.narg('ended_at'), clock_timestamp()), @snapshot)
on conflict (conversation, episode) do update
set state = excluded.state, digest = excluded.digest, freeze_at = excluded.freeze_at, ended_at = excluded.ended_at, snapshot = excluded.snapshot;

-- name: EndNewConversations :many
-- Makes conversations of which nothing is known, and ends an episode of each. What is
-- known already is left alone and not returned; the order keeps two batches from waiting
-- for each other.
with wanted as (
    select unnest(@organizations::text[]) as organization, unnest(@ids::text[]) as id, unnest(@episodes::int[]) as episode,
           unnest(@states::text[]) as state, unnest(@digests::bytea[]) as digest, unnest(@settles::float8[]) as settle,
           unnest(@ended_at::timestamptz[]) as ended_at, unnest(@snapshots::bytea[]) as snapshot
), made as (
    insert into conversations (organization, id)
    select organization, id from wanted order by organization, id
    on conflict (organization, id) do nothing
    returning conversation, organization, id
), ended as (
    insert into episodes (conversation, episode, state, digest, freeze_at, ended_at, snapshot)
    select m.conversation, w.episode, w.state, w.digest, clock_timestamp() + make_interval(secs => w.settle),
           coalesce(nullif(w.ended_at, '0001-01-01 00:00:00+00'), clock_timestamp()), w.snapshot
    from wanted w join made m using (organization, id)
)
select conversation, organization, id from made;

-- name: FreezeEpisode :exec
update episodes set state = 'frozen', snapshot = @snapshot where conversation = @conversation and episode = @episode;

-- name: SaveOpenEpisode :exec
insert into episodes (conversation, episode, state, snapshot) values (@conversation, @episode, 'open', @snapshot)
on conflict (conversation, episode) do update set snapshot = excluded.snapshot;

-- name: EpisodesToFreeze :many
select e.conversation, e.episode, c.organization, c.id from episodes e join conversations c using (conversation)
where e.state = 'ended' and e.freeze_at <= now() order by e.freeze_at limit sqlc.arg('most')::int;

-- name: Messages :many
select body from messages where conversation = @conversation and episode = @episode;

-- name: CountMessages :one
select count(*) from messages where conversation = @conversation and episode = @episode;

-- name: AddMessages :exec
insert into messages (conversation, episode, id, body)
select @conversation, @episode, unnest(@ids::text[]), unnest(@bodies::text[])
on conflict (conversation, episode, id) do update set body = excluded.body where messages.body <> excluded.body;

-- name: DropMessages :exec
delete from messages where conversation = @conversation and episode = @episode;

-- name: Notes :many
select id, episode, at, agent, text, late from notes where conversation = @conversation order by at, id;

-- name: AddNote :execrows
insert into notes (conversation, id, episode, at, agent, text, late)
values (@conversation, @id, @episode, @at, @agent, @text, @late)
on conflict (conversation, id) do nothing;

-- name: AdoptNotes :exec
update notes set episode = @episode where conversation = @conversation and episode = 0;

-- name: Contacts :many
select id, episode, body, late from contacts where conversation = @conversation order by at, id;

-- name: AddContact :execrows
insert into contacts (conversation, id, episode, body, late)
values (@conversation, @id, @episode, @body, @late)
on conflict (conversation, id) do nothing;

-- name: AdoptContacts :exec
update contacts set episode = @episode where conversation = @conversation and episode = 0;

-- name: EpisodeDeliveries :many
select id, action, target, params, state, held_by, look_first, attempts, fence, error from deliveries
where conversation = @conversation and episode = @episode order by seq;

-- name: AwaitedDesk :one
-- The desk of an earlier episode's file_ticket that is not finished, or nothing.
select target from deliveries where conversation = @conversation and action = 'file_ticket'
  and episode < @episode and state in ('pending', 'calling', 'unknown')
order by episode limit 1;

-- name: PriorTickets :many
select desk, fetched_at, tickets, error from prior_tickets where conversation = @conversation order by desk;

-- name: SavePriorTickets :exec
insert into prior_tickets (conversation, desk, fetched_at, tickets, error)
values (@conversation, @desk, @fetched_at, @tickets, @error)
on conflict (conversation, desk) do update
set error = excluded.error,
    fetched_at = coalesce(excluded.fetched_at, prior_tickets.fetched_at),
    tickets = case when excluded.fetched_at is null then prior_tickets.tickets else excluded.tickets end;
