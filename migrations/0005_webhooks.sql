-- Webhooks: where partners' software is told what happened, what is to be told, and each try.
-- depends: 0004_jobs

-- migrate: apply

-- `sealed_secret`: encrypted under a key of the deployment, bound to this row; null: not signed.
create table webhooks (
    id                uuid primary key,
    organization_id   uuid not null references organizations (id),
    label             text not null check (length(label) between 1 and 100),
    url               text not null check (length(url) between 1 and 2000),
    events            text[] not null check (cardinality(events) > 0 and events <@ array[
        'CREATE_CASE', 'CHANGE_CASE_STATUS', 'ADD_CASE_ATTACHMENT', 'DELETE_ATTACHMENT',
        'ADD_CASE_COMMENT']),
    document_format   text not null default 'none'
        check (document_format in ('none', 'base64', 'url')),
    sealed_secret     bytea,
    created_at        timestamptz not null default now(),
    disabled_at       timestamptz,
    unique (organization_id, id)
);
create index webhooks_live on webhooks (organization_id) where disabled_at is null;

-- What is to be told, or was. It holds ids and words of fixed lists only: what a body says is looked
-- up when it is sent. It outlives the case and the file that it tells of, so it refers to neither.
-- Within one webhook and case, deliveries go out in the order of `position`. `tries`: attempts since
-- it was announced, or replayed; `attempts`: all of them.
create table webhook_deliveries (
    id                uuid primary key,
    organization_id   uuid not null references organizations (id),
    webhook_id        uuid not null,
    position          bigint generated always as identity,
    event             text not null,
    case_id           uuid not null,
    file_id           uuid,
    communication_id  uuid,
    stage             text check (stage in
        ('OPEN', 'ASSIGNED', 'IN_PROGRESS', 'APPROVED', 'REJECTED', 'NO_DECISION', 'ABANDONED')),
    state             text not null default 'pending'
        check (state in ('pending', 'delivered', 'failed')),
    attempts          integer not null default 0,
    tries             integer not null default 0,
    next_attempt_at   timestamptz default now(),
    claimed_until     timestamptz,
    last_status       smallint,
    last_error        text check (length(last_error) <= 40),
    created_at        timestamptz not null default now(),
    delivered_at      timestamptz,
    unique (organization_id, id),
    foreign key (organization_id, webhook_id) references webhooks (organization_id, id)
        on delete cascade
);
create index webhook_deliveries_waiting
    on webhook_deliveries (organization_id, webhook_id, case_id, position)
    where state = 'pending';
create index webhook_deliveries_due on webhook_deliveries (organization_id, next_attempt_at)
    where state = 'pending';
create index webhook_deliveries_of_webhook
    on webhook_deliveries (organization_id, webhook_id, position desc);
create index webhook_deliveries_failed
    on webhook_deliveries (organization_id, webhook_id, position desc)
    where state = 'failed';

-- One try; without `duration_ms` it is under way, or was cut off.
create table webhook_attempts (
    organization_id   uuid not null references organizations (id),
    delivery_id       uuid not null,
    number            integer not null,
    at                timestamptz not null default now(),
    duration_ms       integer,
    status            smallint,
    error             text check (length(error) <= 40),
    primary key (organization_id, delivery_id, number),
    foreign key (organization_id, delivery_id) references webhook_deliveries (organization_id, id)
        on delete cascade
);

alter table webhooks enable row level security;
alter table webhooks force row level security;
create policy one_organization on webhooks
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));
alter table webhook_deliveries enable row level security;
alter table webhook_deliveries force row level security;
create policy one_organization on webhook_deliveries
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));
alter table webhook_attempts enable row level security;
alter table webhook_attempts force row level security;
create policy one_organization on webhook_attempts
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));

select grant_to_application(
    'select, insert, update, delete on webhooks, webhook_deliveries, webhook_attempts');

-- migrate: rollback

drop table webhook_attempts, webhook_deliveries, webhooks;
