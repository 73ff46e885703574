-- Keys that certificates were ever signed with, and an index for deliveries settled long ago.
-- depends: 0015_findings

-- migrate: apply

-- The public halves of all keys that ever signed a certificate here. They are nobody's secret and no
-- organisation's own; they are only added to, with the certificate that they sign.
create table certificate_keys (
    public_key      bytea primary key check (length(public_key) = 32),
    first_used_at   timestamptz not null default clock_timestamp()
);

-- The wall stands for the owner too, so it is lowered while its organisations are looked through.
alter table destructions no force row level security;
insert into certificate_keys (public_key)
    select distinct decode(certificate::json -> 'signature' ->> 'public_key', 'base64')
    from destructions where certificate is not null;
alter table destructions force row level security;

create function use_certificate_key(key bytea) returns void
language sql security definer set search_path = public, pg_temp as $$
    insert into certificate_keys (public_key) values (key) on conflict do nothing
$$;

create function used_certificate_keys() returns setof bytea
language sql stable security definer set search_path = public, pg_temp as $$
    select public_key from certificate_keys order by first_used_at desc, public_key
$$;

create index webhook_deliveries_settled on webhook_deliveries (organization_id, created_at)
    where state <> 'pending';

revoke all on certificate_keys from public;
revoke all on function use_certificate_key(bytea), used_certificate_keys() from public;
select grant_to_application(
    'execute on function use_certificate_key(bytea), used_certificate_keys()');

-- migrate: rollback

drop index webhook_deliveries_settled;
drop function used_certificate_keys(), use_certificate_key(bytea);
drop table certificate_keys;
