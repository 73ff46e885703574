-- What checks of the stored bytes found, and how far the slow check that never ends has come.
-- depends: 0014_uploads

-- migrate: apply

-- One row for a file and a kind of damage. It refers to no row of `files`: orphaned bytes have none,
-- and a finding outlives its file. `first_seen_at`: since when it is so this time; `mended_at`: when
-- it was found to be so no more; `told_at`: when the administrators were told.
create table findings (
    id                uuid primary key,
    organization_id   uuid not null references organizations (id),
    file_id           uuid not null,
    kind              text not null check (kind in
        ('missing', 'truncated', 'altered', 'unreadable', 'orphaned')),
    first_seen_at     timestamptz not null,
    last_seen_at      timestamptz not null,
    mended_at         timestamptz,
    told_at           timestamptz,
    unique (organization_id, file_id, kind)
);
create index findings_in_order on findings (organization_id, id desc);
create index findings_open on findings (organization_id, id desc) where mended_at is null;

-- `after_id`: the last file of this round that was checked; `files` and `bytes`: how many were.
create table scrubs (
    organization_id   uuid primary key references organizations (id),
    began_at          timestamptz not null,
    ended_at          timestamptz,
    after_id          uuid,
    files             bigint not null default 0,
    bytes             bigint not null default 0
);

-- Whoever goes through all files, removed ones too, does it in this order.
create index files_by_id on files (organization_id, id) where state = 'stored';

alter table findings enable row level security;
alter table findings force row level security;
create policy one_organization on findings
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));
alter table scrubs enable row level security;
alter table scrubs force row level security;
create policy one_organization on scrubs
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));

select grant_to_application('select, insert, update on findings, scrubs');

-- migrate: rollback

drop index files_by_id;
drop table scrubs, findings;
