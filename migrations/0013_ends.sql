-- How files and cases end: schedules, holds, what was destroyed, and the steps between the states.
-- depends: 0012_seals

-- migrate: apply

-- `trash_days`: how long what was removed may be brought back, where the organisation says so.
alter table organizations
    add column trash_days integer check (trash_days between 1 and 36500);

-- How long files of a category are kept at least, and after how long they are removed by
-- themselves, both in days since they were received.
create table retention_schedules (
    organization_id     uuid not null references organizations (id),
    category            text not null check (category in ('lab', 'radiology')),
    keep_at_least_days  integer check (keep_at_least_days between 1 and 36500),
    remove_after_days   integer check (remove_after_days between 1 and 36500),
    changed_at          timestamptz not null default now(),
    primary key (organization_id, category)
);

-- A file's row outlives its bytes: `purging` is a file whose key is destroyed and whose bytes are
-- to be, `purged` one of which nothing is left. Either says nothing of anybody's health any more.
-- A file that was removed is still `stored`, because it may come back as it was.
alter table files
    drop constraint files_state_check,
    add constraint files_state_check
        check (state in ('receiving', 'stored', 'discarded', 'purging', 'purged')),
    alter column name drop not null,
    add constraint files_named check (name is not null or state in ('purging', 'purged')),
    add constraint files_forgotten check (state not in ('purging', 'purged')
        or num_nonnulls(name, url_path, media_type, size, sha256, patient_id, uploaded_by,
                        answer_id, communication_id) = 0 and deleted_at is not null),
    add constraint files_organization_id_id_key unique (organization_id, id),
    add column removed_by_schedule boolean not null default false,
    add column restored_at timestamptz;

-- Tombstones stay for good, and are no unfinished files.
drop index files_unfinished;
create index files_unfinished on files (organization_id, created_at)
    where state in ('receiving', 'discarded');
create index files_in_trash on files (organization_id, deleted_at, id)
    where deleted_at is not null and state = 'stored';
create index files_purging on files (organization_id, deleted_at, id) where state = 'purging';
create index files_by_category on files (organization_id, category, created_at, id)
    where deleted_at is null and state = 'stored';

-- A purged case keeps its ids, its number and its times.
alter table cases
    add column purged_at timestamptz,
    add column restored_at timestamptz,
    alter column patient_name drop not null,
    add constraint cases_named check (patient_name is not null or purged_at is not null),
    add constraint cases_forgotten check (purged_at is null
        or num_nonnulls(patient_name, patient_age, patient_gender, summary, patient_id) = 0
           and deleted_at is not null);
create index cases_in_trash on cases (organization_id, deleted_at, id)
    where deleted_at is not null and purged_at is null;

-- The states a file goes through, and the steps between them: those of `STEPS` in files/life.py,
-- which a test compares with these. Whatever statement would take another one is refused.
create function life_of_file(state text, deleted_at timestamptz) returns text
language sql immutable as $$
    select case when state = 'stored' and deleted_at is not null then 'removed' else state end
$$;

create function check_step_of_file() returns trigger
language plpgsql set search_path = public, pg_temp as $$
declare
    was constant text := life_of_file(old.state, old.deleted_at);
    is_now constant text := life_of_file(new.state, new.deleted_at);
begin
    if was <> is_now and (was, is_now) not in (
        ('receiving', 'stored'), ('receiving', 'discarded'), ('stored', 'removed'),
        ('removed', 'stored'), ('removed', 'purging'), ('purging', 'purged')) then
        raise exception 'a file does not go from % to %', was, is_now
            using errcode = 'check_violation';
    end if;
    return new;
end
$$;

create trigger files_check_step before update of state, deleted_at on files
    for each row execute function check_step_of_file();

-- Why something may not be deleted, who said so and when. It is never changed, only lifted.
create table holds (
    id                uuid primary key,
    organization_id   uuid not null references organizations (id),
    case_id           uuid,
    file_id           uuid,
    reason            text not null check (length(reason) between 1 and 500),
    placed_by         uuid,
    placed_at         timestamptz not null,
    lifted_by         uuid,
    lifted_at         timestamptz,
    check (num_nonnulls(case_id, file_id) = 1),
    foreign key (organization_id, case_id) references cases (organization_id, id),
    foreign key (organization_id, file_id) references files (organization_id, id),
    foreign key (organization_id, placed_by) references users (organization_id, id),
    foreign key (organization_id, lifted_by) references users (organization_id, id)
);
create index holds_on_case on holds (organization_id, case_id)
    where case_id is not null and lifted_at is null;
create index holds_on_file on holds (organization_id, file_id)
    where file_id is not null and lifted_at is null;
create index holds_in_order on holds (organization_id, placed_at desc, id desc);

-- What was destroyed: all that is known of a purged file, and the certificate once it is done.
create table destructions (
    organization_id     uuid not null references organizations (id),
    file_id             uuid not null,
    case_id             uuid,
    size                bigint not null,
    sha256              bytea not null check (length(sha256) = 32),
    received_at         timestamptz not null,
    removed_at          timestamptz not null,
    removed_by          uuid,
    reason              text not null check (reason in ('trash', 'retention', 'command')),
    purged_at           timestamptz not null,
    key_destroyed_at    timestamptz,
    bytes_destroyed_at  timestamptz,
    certificate         text,
    primary key (organization_id, file_id),
    foreign key (organization_id, file_id) references files (organization_id, id),
    check ((bytes_destroyed_at is null) = (certificate is null))
);

alter table retention_schedules enable row level security;
alter table retention_schedules force row level security;
create policy one_organization on retention_schedules
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));
alter table holds enable row level security;
alter table holds force row level security;
create policy one_organization on holds
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));
alter table destructions enable row level security;
alter table destructions force row level security;
create policy one_organization on destructions
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));

revoke all on retention_schedules, holds, destructions from public;
revoke all on function life_of_file(text, timestamptz), check_step_of_file() from public;
select grant_to_application('select, insert, update on retention_schedules');
select grant_to_application('select, insert, update (lifted_by, lifted_at) on holds');
select grant_to_application(
    'select, insert, update (bytes_destroyed_at, certificate) on destructions');
select grant_to_application('delete on case_answers, communications');
select grant_to_application('execute on function life_of_file(text, timestamptz)');

-- migrate: rollback

drop table destructions, holds, retention_schedules;
drop trigger files_check_step on files;
drop function check_step_of_file(), life_of_file(text, timestamptz);
drop index cases_in_trash, files_by_category, files_purging, files_in_trash, files_unfinished;
delete from files where state in ('purging', 'purged');
update cases set patient_name = '-' where patient_name is null;
alter table cases
    drop constraint cases_forgotten, drop constraint cases_named, drop column restored_at,
    drop column purged_at, alter column patient_name set not null;
alter table files
    drop column restored_at, drop column removed_by_schedule,
    drop constraint files_organization_id_id_key, drop constraint files_forgotten,
    drop constraint files_named, alter column name set not null,
    drop constraint files_state_check,
    add constraint files_state_check check (state in ('receiving', 'stored', 'discarded'));
create index files_unfinished on files (organization_id, created_at) where state <> 'stored';
alter table organizations drop column trash_days;
