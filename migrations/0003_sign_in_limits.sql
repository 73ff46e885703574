-- Limits on guessing passwords, and which accounts have a password at all.
-- depends: 0002_lists

-- migrate: apply

-- Counts of attempts at sign-in by password. There is no organisation yet when somebody types an
-- email address, and an address of nobody must be counted like any other: so this is no tenant
-- table. It holds keyed hashes and numbers only, and the application has no privilege on it.
create table sign_in_attempts (
    subject_hash      bytea not null check (length(subject_hash) = 32),
    window_start      timestamptz not null,
    used              integer not null,
    primary key (subject_hash, window_start)
);
create index on sign_in_attempts (window_start);

create index rate_limits_by_age on rate_limits (organization_id, window_start);

-- One more attempt in a window; how many there are now. Old windows are removed in passing.
create function spend_sign_in_attempt(subject bytea, starts_at timestamptz) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    spent integer;
begin
    insert into sign_in_attempts as a (subject_hash, window_start, used)
    values (subject, starts_at, 1)
    on conflict (subject_hash, window_start) do update set used = a.used + 1
    returning a.used into spent;
    if spent = 1 then
        delete from sign_in_attempts where ctid in (
            select ctid from sign_in_attempts where window_start < starts_at - interval '1 day'
            limit 100 for update skip locked);
    end if;
    return spent;
end
$$;

create function give_back_sign_in_attempt(subject bytea, starts_at timestamptz) returns void
language sql security definer set search_path = public, pg_temp as $$
    update sign_in_attempts set used = used - 1
    where subject_hash = subject and window_start = starts_at and used > 0
$$;

-- The directory also knows which accounts have a password, so that the patients' accounts of an
-- address do not crowd out the clinician's.
alter table sign_in_directory add column has_password boolean not null default false;

alter table users no force row level security;
update sign_in_directory d set has_password = true from users u
    where u.id = d.user_id and u.password_hash is not null and u.disabled_at is null
      and u.role in ('clinician', 'admin');
alter table users force row level security;

create or replace function keep_sign_in_directory() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    delete from sign_in_directory where user_id = new.id;
    if new.email is not null then
        insert into sign_in_directory (email_sha256, organization_id, user_id, has_password)
        values (sha256(convert_to(new.email, 'UTF8')), new.organization_id, new.id,
                new.password_hash is not null and new.disabled_at is null
                and new.role in ('clinician', 'admin'));
    end if;
    return null;
end
$$;

drop trigger users_keep_sign_in_directory on users;
create trigger users_keep_sign_in_directory
    after insert or update of email, password_hash, disabled_at, role on users
    for each row execute function keep_sign_in_directory();

create function find_password_sign_ins(email text, most integer)
returns table (organization_id uuid, user_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select d.organization_id, d.user_id from sign_in_directory d
    where d.email_sha256 = sha256(convert_to(lower(email), 'UTF8')) and d.has_password
    order by d.user_id limit most
$$;

revoke all on sign_in_attempts from public;
revoke all on function spend_sign_in_attempt(bytea, timestamptz),
    give_back_sign_in_attempt(bytea, timestamptz), find_password_sign_ins(text, integer) from public;
select grant_to_application('execute on function spend_sign_in_attempt(bytea, timestamptz),
    give_back_sign_in_attempt(bytea, timestamptz), find_password_sign_ins(text, integer)');

-- migrate: rollback

drop function find_password_sign_ins(text, integer), give_back_sign_in_attempt(bytea, timestamptz),
    spend_sign_in_attempt(bytea, timestamptz);

create or replace function keep_sign_in_directory() returns trigger
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

drop trigger users_keep_sign_in_directory on users;
create trigger users_keep_sign_in_directory after insert or update of email on users
    for each row execute function keep_sign_in_directory();

alter table sign_in_directory drop column has_password;
drop index rate_limits_by_age;
drop table sign_in_attempts;
