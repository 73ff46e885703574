-- What opens a sealed blob: an organisation's key, and under it the data key of each blob.
-- depends: 0011_one_path

-- migrate: apply

-- `wrapped_key` is wrapped by the deployment's key of this fingerprint, which is not in here. The
-- one that is not retired wraps what is new; a retired one still opens what it wrapped.
create table organization_keys (
    id                  uuid primary key,
    organization_id     uuid not null references organizations (id),
    wrapped_key         bytea not null check (length(wrapped_key) between 28 and 200),
    deployment_key_id   text not null check (length(deployment_key_id) between 1 and 64),
    created_at          timestamptz not null default now(),
    retired_at          timestamptz,
    unique (organization_id, id)
);
create unique index organization_keys_current on organization_keys (organization_id)
    where retired_at is null;

-- One for each blob that was kept: the id is a file's, or that of a part of one on its way. What is
-- wrapped may be empty, which says, as authentic as a key, that the blob was kept unsealed. Without
-- a row here nothing is read: a row that is gone makes no sealed blob a plain one.
create table seals (
    organization_id   uuid not null references organizations (id),
    blob_id           uuid not null,
    key_id            uuid not null,
    wrapped_key       bytea not null check (length(wrapped_key) between 28 and 200),
    size              bigint not null check (size >= 0),
    primary key (organization_id, blob_id),
    foreign key (organization_id, key_id) references organization_keys (organization_id, id)
);
create index seals_by_key on seals (organization_id, key_id, blob_id);

-- Files from before there were seals. They get theirs, as unsealed ones, in the moment in which
-- their organisation gets its first key, and never later: what is entered here after that does nothing.
create table unsealed_blobs (
    organization_id   uuid not null references organizations (id),
    blob_id           uuid not null,
    size              bigint not null,
    primary key (organization_id, blob_id)
);

-- The wall must be built around the rows that are there already, so they come first: the owner does
-- not see over it either.
alter table files no force row level security;
insert into unsealed_blobs (organization_id, blob_id, size)
    select organization_id, id, size from files where state = 'stored';
alter table files force row level security;

-- Whether every key of the deployment is at hand is asked before anybody is served, for all
-- organisations at once. It shows fingerprints and no more.
create table deployment_key_directory (
    deployment_key_id   text not null,
    organization_id     uuid not null references organizations (id) on delete cascade,
    key_id              uuid primary key references organization_keys (id) on delete cascade
);
create index on deployment_key_directory (deployment_key_id);

create function keep_deployment_key_directory() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into deployment_key_directory (deployment_key_id, organization_id, key_id)
    values (new.deployment_key_id, new.organization_id, new.id)
    on conflict (key_id) do update set deployment_key_id = excluded.deployment_key_id;
    return null;
end
$$;

create trigger organization_keys_keep_directory
    after insert or update of deployment_key_id on organization_keys
    for each row execute function keep_deployment_key_directory();

create function deployment_key_ids() returns table (key_id text, wrapped bigint)
language sql stable security definer set search_path = public, pg_temp as $$
    select deployment_key_id, count(*) from deployment_key_directory
    group by deployment_key_id order by deployment_key_id
$$;

alter table organization_keys enable row level security;
alter table organization_keys force row level security;
create policy one_organization on organization_keys
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));
alter table seals enable row level security;
alter table seals force row level security;
create policy one_organization on seals
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));
alter table unsealed_blobs enable row level security;
alter table unsealed_blobs force row level security;
create policy one_organization on unsealed_blobs
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));

revoke all on deployment_key_directory from public;
revoke all on function keep_deployment_key_directory(), deployment_key_ids() from public;
select grant_to_application('select, insert, update on organization_keys');
select grant_to_application('select, insert, update, delete on seals');
select grant_to_application('select, insert, delete on unsealed_blobs');
select grant_to_application('execute on function deployment_key_ids()');

-- migrate: rollback

drop function deployment_key_ids();
drop table deployment_key_directory;
drop table unsealed_blobs;
drop table seals;
drop table organization_keys;
drop function keep_deployment_key_directory();
