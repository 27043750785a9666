-- name: IdempotencyKey :one
select digest, answer from idempotency_keys where organization = @organization and key = @key;

-- name: SaveIdempotencyKey :execrows
insert into idempotency_keys (organization, key, digest, answer) values (@organization, @key, @digest, @answer)
on conflict (organization, key) do nothing;

-- name: SeeReject :one
-- Notes when a task was first seen; it is no reject until RejectTask says so, and what
-- people wrote is not kept before that.
insert into rejects (task, type, organization, reason, payload) values (@task, @type, @organization, @reason, '')
on conflict (task) do update set reason = excluded.reason
returning extract(epoch from clock_timestamp() - first_seen)::float8 as seconds;

-- name: RejectTask :exec
insert into rejects (task, type, organization, reason, payload, rejected_at)
values (@task, @type, @organization, @reason, @payload, clock_timestamp())
on conflict (task) do update set rejected_at = clock_timestamp(), reason = excluded.reason, payload = excluded.payload;

-- name: Rejects :many
select id, task, type, organization, reason, first_seen, rejected_at, octet_length(payload)::int as bytes
from rejects where rejected_at is not null order by id desc limit sqlc.arg('most')::int;

-- name: CountRejects :one
select count(*) from rejects where rejected_at is not null;

-- name: PruneRejects :execrows
delete from rejects where first_seen < clock_timestamp() - interval '7 days';

-- name: PruneIdempotencyKeys :execrows
delete from idempotency_keys where at < clock_timestamp() - interval '24 hours';
