-- External OpenID Connect issuers that an organisation trusts, and whom their tokens stand for.
-- depends: 0008_partner

-- migrate: apply

create table trusted_issuers (
    id                       uuid primary key,
    organization_id          uuid not null references organizations (id),
    issuer                   text not null check (length(issuer) between 1 and 500),
    audience                 text not null check (length(audience) between 1 and 200),
    jwks_url                 text check (length(jwks_url) between 1 and 500),
    allows_http              boolean not null default false,
    assumes_verified_email   boolean not null default false,
    created_at               timestamptz not null default now(),
    removed_at               timestamptz,
    unique (organization_id, id)
);
create index trusted_issuers_in_order on trusted_issuers (organization_id, created_at, id);

-- Whom an issuer's `sub` stands for. One subject has one account and one account has one subject:
-- whoever an issuer gives somebody's address to later does not get the account with it.
create table external_subjects (
    organization_id   uuid not null references organizations (id),
    issuer_id         uuid not null,
    subject           text not null check (length(subject) between 1 and 255),
    user_id           uuid not null,
    bound_at          timestamptz not null default now(),
    primary key (organization_id, issuer_id, subject),
    unique (organization_id, issuer_id, user_id),
    foreign key (organization_id, issuer_id) references trusted_issuers (organization_id, id),
    foreign key (organization_id, user_id) references users (organization_id, id)
);
create index external_subjects_of_user on external_subjects (organization_id, user_id);

-- Not a tenant table: a token names its issuer and audience but no organisation, so this says whose
-- they are. Two organisations cannot trust the same pair. The application has no privilege on it;
-- it asks a function.
create table issuer_directory (
    issuer            text not null,
    audience          text not null,
    organization_id   uuid not null references organizations (id) on delete cascade,
    issuer_id         uuid not null unique,
    primary key (issuer, audience)
);

-- Before the row, so that a pair which is taken makes no row rather than an error.
create function enter_issuer_directory() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into issuer_directory (issuer, audience, organization_id, issuer_id)
    values (new.issuer, new.audience, new.organization_id, new.id)
    on conflict do nothing;
    if found then
        return new;
    end if;
    return null;
end
$$;

create function leave_issuer_directory() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    delete from issuer_directory where issuer_id = new.id;
    return null;
end
$$;

create trigger trusted_issuers_enter_directory before insert on trusted_issuers
    for each row execute function enter_issuer_directory();
create trigger trusted_issuers_leave_directory after update of removed_at on trusted_issuers
    for each row when (new.removed_at is not null) execute function leave_issuer_directory();

create function find_trusted_issuers(named text, audiences text[])
returns table (organization_id uuid, issuer_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select d.organization_id, d.issuer_id from issuer_directory d
    where d.issuer = named and d.audience = any (audiences) order by d.issuer_id
$$;

alter table trusted_issuers enable row level security;
alter table trusted_issuers force row level security;
create policy one_organization on trusted_issuers
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));
alter table external_subjects enable row level security;
alter table external_subjects force row level security;
create policy one_organization on external_subjects
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));

revoke all on trusted_issuers, external_subjects, issuer_directory from public;
revoke all on function enter_issuer_directory(), leave_issuer_directory(),
    find_trusted_issuers(text, text[]) from public;
select grant_to_application('select, insert on trusted_issuers, external_subjects');
select grant_to_application('update (removed_at) on trusted_issuers');
select grant_to_application('execute on function find_trusted_issuers(text, text[])');

-- migrate: rollback

drop table external_subjects, trusted_issuers, issuer_directory;
drop function enter_issuer_directory(), leave_issuer_directory(),
    find_trusted_issuers(text, text[]);
