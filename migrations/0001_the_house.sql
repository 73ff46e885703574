-- The clinic's tables, the tenant wall around them, and the few doors in that wall.
-- depends:

-- migrate: apply

-- The wall, in one line per table: a row is visible only inside its own organisation's scope.
-- `nullif`, because after a transaction the setting is an empty string, not null; the scalar
-- sub-select, because the planner then evaluates it once and may use an index.

create table organizations (
    id                           uuid primary key,
    name                         text not null check (length(name) between 1 and 200),
    last_case_number             bigint not null default 10000,
    hides_restricted_files       boolean not null default false,
    created_at                   timestamptz not null default now()
);

create table users (
    id                uuid primary key,
    organization_id   uuid not null references organizations (id),
    role              text not null check (role in ('clinician', 'patient', 'admin')),
    email             text check (email = lower(email)),
    phone             text check (phone ~ '^\+[1-9][0-9]{6,14}$'),
    first_name        text,
    last_name         text,
    password_hash     text,
    created_at        timestamptz not null default now(),
    disabled_at       timestamptz,
    unique (organization_id, id),
    unique (organization_id, email),
    unique (organization_id, phone),
    check (email is not null or phone is not null)
);

create table api_keys (
    id                uuid primary key,
    organization_id   uuid not null references organizations (id),
    label             text not null,
    secret_hash       bytea not null,
    created_at        timestamptz not null default now(),
    last_used_at      timestamptz,
    revoked_at        timestamptz,
    unique (organization_id, secret_hash)
);

-- One sign-in is one family of refresh tokens; a replayed token ends its whole family.
create table sign_ins (
    id                uuid primary key,
    organization_id   uuid not null references organizations (id),
    user_id           uuid not null,
    audience          text not null check (audience in ('clinician', 'patient-portal')),
    created_at        timestamptz not null default now(),
    expires_at        timestamptz not null,
    ended_at          timestamptz,
    ended_because     text check (ended_because in ('signed_out', 'token_replayed', 'revoked')),
    unique (organization_id, id),
    foreign key (organization_id, user_id) references users (organization_id, id)
);
create index on sign_ins (organization_id, user_id);

create table refresh_tokens (
    id                uuid primary key,
    organization_id   uuid not null references organizations (id),
    sign_in_id        uuid not null,
    token_hash        bytea not null,
    created_at        timestamptz not null default now(),
    expires_at        timestamptz not null,
    rotated_at        timestamptz,
    unique (organization_id, token_hash),
    foreign key (organization_id, sign_in_id) references sign_ins (organization_id, id)
);
create index on refresh_tokens (organization_id, sign_in_id);

-- One live code a user: sending a new one replaces the row.
create table one_time_codes (
    organization_id   uuid not null references organizations (id),
    user_id           uuid not null,
    code_hash         bytea not null,
    attempts_left     smallint not null,
    created_at        timestamptz not null default now(),
    expires_at        timestamptz not null,
    used_at           timestamptz,
    primary key (organization_id, user_id),
    foreign key (organization_id, user_id) references users (organization_id, id)
);

-- Counts per window, keyed by a hash of what is limited (an address, an identifier).
create table rate_limits (
    organization_id   uuid not null references organizations (id),
    subject_hash      bytea not null,
    window_start      timestamptz not null,
    used              integer not null,
    primary key (organization_id, subject_hash, window_start)
);

create table cases (
    id                uuid primary key,
    organization_id   uuid not null references organizations (id),
    number            bigint not null,
    clinician_id      uuid,
    patient_id        uuid,
    patient_name      text not null check (length(patient_name) between 1 and 200),
    patient_age       smallint check (patient_age between 0 and 150),
    patient_gender    text,
    summary           text,
    stage             text not null default 'OPEN' check (stage in
        ('OPEN', 'ASSIGNED', 'IN_PROGRESS', 'APPROVED', 'REJECTED', 'NO_DECISION', 'ABANDONED')),
    analysis_state    text not null default 'pending' check (analysis_state in
        ('pending', 'processing', 'completed', 'failed', 'archived')),
    created_at        timestamptz not null default now(),
    updated_at        timestamptz not null default now(),
    deleted_at        timestamptz,
    deleted_by        uuid,
    unique (organization_id, id),
    unique (organization_id, number),
    foreign key (organization_id, clinician_id) references users (organization_id, id),
    foreign key (organization_id, patient_id) references users (organization_id, id),
    foreign key (organization_id, deleted_by) references users (organization_id, id)
);
create index cases_of_clinician on cases (organization_id, clinician_id, created_at desc, id desc)
    where deleted_at is null;
create index cases_of_patient on cases (organization_id, patient_id) where deleted_at is null;

-- `state`: receiving (bytes are arriving), stored (acknowledged), discarded (bytes are to be
-- removed, then the row). Only a stored row is ever shown. While a row exists its bytes may exist;
-- without a row there are no bytes.
create table files (
    id                uuid primary key,
    organization_id   uuid not null references organizations (id),
    case_id           uuid,
    patient_id        uuid,
    name              text not null check (length(name) between 1 and 255),
    url_path          text,
    media_type        text,
    size              bigint check (size > 0),
    sha256            bytea check (length(sha256) = 32),
    category          text not null default 'lab' check (category in ('lab', 'radiology')),
    is_phi            boolean not null,
    is_restricted     boolean not null default false,
    state             text not null default 'receiving'
        check (state in ('receiving', 'stored', 'discarded')),
    receiver          bigint not null,
    uploaded_by       uuid,
    created_at        timestamptz not null default now(),
    deleted_at        timestamptz,
    deleted_by        uuid,
    unique (organization_id, url_path),
    foreign key (organization_id, case_id) references cases (organization_id, id),
    foreign key (organization_id, patient_id) references users (organization_id, id),
    foreign key (organization_id, uploaded_by) references users (organization_id, id),
    foreign key (organization_id, deleted_by) references users (organization_id, id),
    check (state <> 'stored' or (media_type is not null and size is not null
        and sha256 is not null and url_path is not null))
);
create index files_of_patient on files (organization_id, patient_id, created_at desc, id desc)
    where deleted_at is null and state = 'stored' and case_id is not null;
-- The organisation comes first, although a case has only one: every statement names both, and the
-- planner, which takes them for independent, would else read the whole organisation's entries of
-- another index to narrow down a case that is narrow already.
create index files_of_case on files (organization_id, case_id, created_at, id)
    where deleted_at is null and state = 'stored';
create index files_of_organization on files (organization_id, created_at desc, id desc)
    where deleted_at is null and state = 'stored';
create index files_unfinished on files (organization_id, created_at) where state <> 'stored';

-- Insert-only for the application. The chain of hashes is laid beside it by a background task,
-- so that recording an event takes no lock.
create table audit_events (
    id                uuid primary key,
    organization_id   uuid not null references organizations (id),
    occurred_at       timestamptz not null default clock_timestamp(),
    action            text not null,
    outcome           text not null check (outcome in ('done', 'refused')),
    actor_kind        text not null,
    actor_id          uuid,
    case_id           uuid,
    file_id           uuid,
    subject_id        uuid,
    request_id        text,
    details           jsonb not null default '{}'
);
create index audit_events_in_order on audit_events (organization_id, occurred_at, id);
create index audit_events_of_file on audit_events (organization_id, file_id, occurred_at desc)
    where file_id is not null;

create table audit_seals (
    organization_id   uuid not null references organizations (id),
    position          bigint not null,
    event_id          uuid not null references audit_events (id),
    hash              bytea not null check (length(hash) = 32),
    sealed_at         timestamptz not null default clock_timestamp(),
    primary key (organization_id, position),
    unique (organization_id, event_id)
);

-- Not a tenant table: which organisations have somebody of this email address, as a digest.
-- The application has no privilege on it; it asks a function.
create table sign_in_directory (
    email_sha256      bytea not null,
    organization_id   uuid not null references organizations (id) on delete cascade,
    user_id           uuid not null references users (id) on delete cascade,
    primary key (email_sha256, user_id)
);
create unique index on sign_in_directory (user_id);

create function keep_sign_in_directory() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    delete from sign_in_directory where user_id = new.id;
    if new.email is not null then
        insert into sign_in_directory (email_sha256, organization_id, user_id)
        values (sha256(convert_to(new.email, 'UTF8')), new.organization_id, new.id);
    end if;
    return null;
end
$$;

create trigger users_keep_sign_in_directory after insert or update of email on users
    for each row execute function keep_sign_in_directory();

-- Every organisation's id and no more, for background tasks that work through all of them.
create table organization_directory (organization_id uuid primary key
    references organizations (id) on delete cascade);

create function keep_organization_directory() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into organization_directory (organization_id) values (new.id);
    return null;
end
$$;

create trigger organizations_keep_directory after insert on organizations
    for each row execute function keep_organization_directory();

create function all_organization_ids() returns setof uuid
language sql stable security definer set search_path = public, pg_temp as $$
    select organization_id from organization_directory order by organization_id
$$;

-- The wall.
alter table organizations enable row level security;
alter table organizations force row level security;
create policy one_organization on organizations
    using (id = (select nullif(current_setting('app.organization_id', true), '')::uuid));
alter table users enable row level security;
alter table users force row level security;
create policy one_organization on users
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));
alter table api_keys enable row level security;
alter table api_keys force row level security;
create policy one_organization on api_keys
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));
alter table sign_ins enable row level security;
alter table sign_ins force row level security;
create policy one_organization on sign_ins
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));
alter table refresh_tokens enable row level security;
alter table refresh_tokens force row level security;
create policy one_organization on refresh_tokens
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));
alter table one_time_codes enable row level security;
alter table one_time_codes force row level security;
create policy one_organization on one_time_codes
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));
alter table rate_limits enable row level security;
alter table rate_limits force row level security;
create policy one_organization on rate_limits
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));
alter table cases enable row level security;
alter table cases force row level security;
create policy one_organization on cases
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));
alter table files enable row level security;
alter table files force row level security;
create policy one_organization on files
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));
alter table audit_events enable row level security;
alter table audit_events force row level security;
create policy one_organization on audit_events
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));
alter table audit_seals enable row level security;
alter table audit_seals force row level security;
create policy one_organization on audit_seals
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));

-- What the application may do: everything it needs, and nothing that would rewrite history.
revoke all on all tables in schema public from public;
revoke all on all functions in schema public from public;

-- The application's group is `<database>_application`, so that databases of one server share no
-- role; the migration makes it before it applies these files.
create function grant_to_application(privileges text) returns void
language plpgsql set search_path = public, pg_temp as $$
begin
    execute format('grant %s to %I', privileges, current_database() || '_application');
end
$$;
revoke all on function grant_to_application(text) from public;

select grant_to_application('usage on schema public');
select grant_to_application('select, insert, update on organizations, users, api_keys, sign_ins,
    refresh_tokens, one_time_codes, rate_limits, cases, files');
select grant_to_application('delete on refresh_tokens, sign_ins, one_time_codes, rate_limits, files');
select grant_to_application('select, insert on audit_events, audit_seals');
select grant_to_application('execute on function all_organization_ids()');

-- migrate: rollback

drop table organization_directory, sign_in_directory, audit_seals, audit_events, files, cases, rate_limits,
    one_time_codes, refresh_tokens, sign_ins, api_keys, users, organizations cascade;
drop function keep_sign_in_directory(), keep_organization_directory(), all_organization_ids(),
    grant_to_application(text);
