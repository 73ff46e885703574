-- Resumable uploads: what is arriving in parts, and the parts.
-- depends: 0013_ends

-- migrate: apply

-- `state`: receiving (parts are arriving), complete (all bytes are here, and the file is to be
-- made of them), finished (the file is kept), ended (given up, refused, or out of time).
-- `grip`: the one act that has the upload in hand, at the process `receiver`; it is nobody's when
-- that process lives no more. `metadata`: as its client said it. `file_id` has no foreign key: a
-- file may be purged before the last trace of how it came.
create table uploads (
    id                uuid primary key,
    organization_id   uuid not null references organizations (id),
    user_id           uuid not null,
    role              text not null check (role in ('clinician', 'patient')),
    case_id           uuid,
    name              text not null check (length(name) between 1 and 255),
    declared_type     text,
    category          text not null check (category in ('lab', 'radiology')),
    is_phi            boolean not null,
    is_restricted     boolean not null,
    metadata          text not null,
    length            bigint check (length > 0),
    received          bigint not null default 0 check (received >= 0),
    parts             integer not null default 0 check (parts >= 0),
    state             text not null default 'receiving'
        check (state in ('receiving', 'complete', 'finished', 'ended')),
    grip              uuid,
    receiver          bigint,
    gripped_at        timestamptz,
    file_id           uuid,
    created_at        timestamptz not null,
    expires_at        timestamptz not null,
    unique (organization_id, id),
    foreign key (organization_id, user_id) references users (organization_id, id),
    foreign key (organization_id, case_id) references cases (organization_id, id)
        on delete set null (case_id),
    check (received <= length),
    check (state not in ('complete', 'finished') or received = length),
    check ((state = 'finished') = (file_id is not null)),
    check ((grip is null) = (receiver is null) and (grip is null) = (gripped_at is null))
);
create index uploads_unfinished on uploads (organization_id, user_id) include (length)
    where state in ('receiving', 'complete');
create index uploads_in_time on uploads (organization_id, expires_at);
create index uploads_of_case on uploads (organization_id, case_id) where case_id is not null;

-- One piece of an upload, a blob of its own. While a row exists its bytes may exist; without a row
-- there are none. `size` is null until the bytes are durable; they count only then.
create table upload_parts (
    id                uuid primary key,
    organization_id   uuid not null references organizations (id),
    upload_id         uuid not null,
    start             bigint not null check (start >= 0),
    size              bigint check (size > 0),
    sha256            bytea check (length(sha256) = 32),
    foreign key (organization_id, upload_id) references uploads (organization_id, id),
    check ((size is null) = (sha256 is null))
);
create index on upload_parts (organization_id, upload_id, start);

-- What is kept counts against a quota, where one is set, also while it lies in the trash.
create index files_counted on files (organization_id, uploaded_by) include (size)
    where state = 'stored';

alter table uploads enable row level security;
alter table uploads force row level security;
create policy one_organization on uploads
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));
alter table upload_parts enable row level security;
alter table upload_parts force row level security;
create policy one_organization on upload_parts
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));

select grant_to_application('select, insert, update, delete on uploads, upload_parts');

-- migrate: rollback

drop index files_counted;
drop table upload_parts, uploads;
