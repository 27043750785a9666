-- name: AddLink :one
insert into links (id, organization, conversation, purpose, assign_agent, assign_group, token_sha256, expires_at)
values (@id, @organization, @conversation, @purpose, @assign_agent, @assign_group, @token_sha256, clock_timestamp() + make_interval(secs => @ttl::float8))
returning *;

-- name: Link :one
select sqlc.embed(l), c.id as conversation_id, clock_timestamp()::timestamptz as now from links l join conversations c using (conversation)
where l.id = @id and l.organization = @organization;

-- name: LinkByToken :one
select sqlc.embed(l), c.id as conversation_id, clock_timestamp()::timestamptz as now from links l join conversations c using (conversation)
where l.token_sha256 = @token_sha256;

-- name: LinksOfConversation :many
select sqlc.embed(l), c.id as conversation_id, clock_timestamp()::timestamptz as now from links l join conversations c using (conversation)
where l.organization = @organization and c.id = @conversation order by l.created_at;

-- name: RevokeLink :execrows
update links set revoked_at = coalesce(revoked_at, clock_timestamp()) where id = @id and organization = @organization;

-- name: RedeemLink :execrows
update links set clicks = clicks + 1, redeemed_at = clock_timestamp()
where id = @id and revoked_at is null and expires_at > clock_timestamp();

-- name: UnsentOfLink :many
select id from deliveries where organization = @organization and conversation = @conversation and action = 'send_link' and state = 'pending';
