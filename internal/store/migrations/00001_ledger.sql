-- +goose Up

-- One chat between a user and an organization. The row is the conversation's lock.
create table conversations (
    conversation  bigint generated always as identity primary key,
    organization  text not null,
    id            text not null,
    ticket_desk   text,
    ticket_id     text,
    ticket_url    text,
    ticket_by     uuid,                              -- the delivery that made it
    created_at    timestamptz not null default now(),
    unique (organization, id),
    check ((ticket_desk is null) = (ticket_id is null)),
    check ((ticket_desk is null) = (ticket_by is null))
);

-- One run of a conversation. While it is open, snapshot holds its head without messages
-- and the messages have rows of their own; once frozen, snapshot holds everything and
-- is never written again. The row is what a note and the freezing lock.
create table episodes (
    conversation  bigint not null references conversations,
    episode       int not null check (episode > 0),
    state         text not null check (state in ('open', 'ended', 'frozen')),
    digest        bytea,                             -- of the end, to tell a replay from another end
    freeze_at     timestamptz,
    ended_at      timestamptz,
    snapshot      bytea not null,                    -- sanitised JSON, zstd
    primary key (conversation, episode),
    check ((state = 'open') = (digest is null)),
    check ((state = 'open') = (freeze_at is null))
);
alter table episodes alter column snapshot set storage external;
create index episodes_to_freeze on episodes (freeze_at) where state = 'ended';

-- The messages of open episodes.
create table messages (
    conversation  bigint not null,
    episode       int not null,
    id            text not null,
    body          text not null,                     -- sanitised JSON
    primary key (conversation, episode, id)
);

-- Notes that came by themselves. Episode 0: kept until the conversation's first episode is known.
create table notes (
    conversation  bigint not null references conversations,
    id            text not null,
    episode       int not null,
    at            timestamptz not null,
    agent         text not null,
    text          text not null,
    late          boolean not null,                  -- came after the episode was frozen
    primary key (conversation, id)
);

-- Contact data that came after the chat.
create table contacts (
    conversation  bigint not null references conversations,
    id            text not null,
    episode       int not null,
    body          text not null,                     -- sanitised JSON
    late          boolean not null,                  -- came after the ticket was first tried
    at            timestamptz not null default now(),
    primary key (conversation, id)
);

-- One visible effect outside. No index stands on a column that changes.
create table deliveries (
    id             uuid primary key,
    seq            bigint not null generated always as identity,
    organization   text not null,
    conversation   bigint not null references conversations,
    episode        int not null,
    action         text not null check (action in ('file_ticket', 'attach_notes', 'amend_ticket', 'email_transcript', 'send_link')),
    target         text not null,
    params         text not null,                    -- JSON
    depends_on     uuid,
    created_at     timestamptz not null default now(),
    state          text not null check (state in ('pending', 'calling', 'delivered', 'failed', 'unknown', 'suppressed', 'cancelled')),
    held_by        text not null default '' check (held_by in ('', 'dependency', 'settle', 'contact', 'rate_limit', 'account_paused', 'not_configured')),
    due_at         timestamptz,                      -- null: not before something else happens
    waiting_since  timestamptz not null default now(),
    look_first     boolean not null default false,
    fence          bigint not null default 0,
    lease_until    timestamptz,
    first_call_at  timestamptz,
    last_call_at   timestamptz,
    identity       text not null default '',         -- of the account that the last call went to
    attempts       int not null default 0,
    ref_id         text not null default '',
    ref_url        text not null default '',
    receipt        text not null default '',
    error          text not null default '',
    updated_at     timestamptz not null default now(),
    check ((state = 'calling') = (lease_until is not null)),
    check (state = 'pending' or held_by = ''),
    check (state <> 'calling' or fence > 0)
) with (fillfactor = 70);
create index deliveries_of_conversation on deliveries (conversation, episode);
create index deliveries_of_organization on deliveries (organization, seq);
create index deliveries_waiting_for on deliveries (depends_on) where depends_on is not null;

-- What has to be looked at, and when: a row for each delivery that waits for nothing
-- but time, until it ends. The generation makes the name of each wake-up unique. It is
-- written and deleted with the deliveries' own rows, so it does without a foreign key.
create table due (
    delivery      uuid primary key,
    organization  text not null,
    target        text not null,
    action        text not null,
    wake_at       timestamptz not null,
    generation    bigint not null default 0
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
create index due_next on due (organization, wake_at);

-- Every try at a delivery; a result that came too late is kept here as evidence.
create table attempts (
    delivery     uuid not null,
    fence        bigint not null,
    at           timestamptz not null,
    outcome      text not null,
    error        text not null,
    duration_ms  bigint not null,
    ref_id       text not null,
    primary key (delivery, fence)
);

-- Accounts that are not called for a while because their credential was refused.
create table pauses (
    organization  text not null,
    account       text not null,
    until         timestamptz not null,
    code          text not null,
    times         int not null,
    primary key (organization, account)
);

create table links (
    id            text primary key,
    organization  text not null,
    conversation  bigint not null references conversations,
    purpose       text not null check (purpose in ('resume', 'invite')),
    assign_agent  text not null default '',
    assign_group  text not null default '',
    generation    int not null default 1,
    token_sha256  bytea not null unique,
    expires_at    timestamptz not null,
    revoked_at    timestamptz,
    clicks        int not null default 0,
    redeemed_at   timestamptz,
    created_at    timestamptz not null default now()
);
create index links_of_conversation on links (conversation);

-- Addresses and numbers that may not be written to.
create table suppressions (
    organization  text not null,
    channel       text not null check (channel in ('sms', 'email')),
    address       text not null,
    reason        text not null,
    at            timestamptz not null default now(),
    primary key (organization, channel, address)
);

-- The user's earlier tickets, as last fetched.
create table prior_tickets (
    conversation  bigint not null references conversations,
    desk          text not null,
    fetched_at    timestamptz,
    tickets       text not null,                     -- JSON
    error         text not null default '',
    primary key (conversation, desk)
);

create table idempotency_keys (
    organization  text not null,
    key           text not null,
    digest        bytea not null,                    -- of the request
    answer        text not null,                     -- JSON
    at            timestamptz not null default now(),
    primary key (organization, key)
);

-- Tasks of a chat core that could not be taken.
create table rejects (
    id            bigint generated always as identity primary key,
    task          text not null unique,
    type          text not null,
    organization  text not null,
    reason        text not null,
    payload       bytea not null,
    first_seen    timestamptz not null default now(),
    rejected_at   timestamptz                        -- null: seen, but still given a chance
);

-- +goose Down
drop table rejects, idempotency_keys, prior_tickets, suppressions, links, pauses, attempts, due, deliveries, contacts, notes, messages, episodes, conversations;
