-- What may be shown of a file, and the two lists of files, each in one round trip.
-- depends: 0001_the_house

-- migrate: apply

-- Nothing here decides: the application judges the facts that come with every row before anything
-- leaves it.

-- A stored file that nobody removed, with the facts of its case. Row-level security is that of the
-- caller (`security_invoker`), here and in the functions below.
create view shown_files with (security_invoker = true) as
    select c.id as case_id, c.number as case_number, f.organization_id, c.clinician_id,
           c.patient_id as case_patient_id, c.deleted_at is not null as case_deleted,
           o.hides_restricted_files as hides_restricted,
           f.id as file_id, f.patient_id, f.name, f.url_path, f.media_type, f.size, f.sha256,
           f.category, f.is_phi, f.is_restricted, f.created_at,
           u.id as uploaded_by, u.first_name as uploader_first_name,
           u.last_name as uploader_last_name
    from files f
    join organizations o on o.id = f.organization_id
    left join cases c on c.organization_id = f.organization_id and c.id = f.case_id
    left join users u on u.organization_id = f.organization_id and u.id = f.uploaded_by
    where f.deleted_at is null and f.state = 'stored';

-- The same row for a case without files: its facts, and nulls.
create view case_facts with (security_invoker = true) as
    select c.id as case_id, c.number as case_number, c.organization_id, c.clinician_id,
           c.patient_id as case_patient_id, c.deleted_at is not null as case_deleted,
           o.hides_restricted_files as hides_restricted,
           null::uuid as file_id, null::uuid as patient_id, null::text as name,
           null::text as url_path, null::text as media_type, null::bigint as size,
           null::bytea as sha256, null::text as category, null::boolean as is_phi,
           null::boolean as is_restricted, null::timestamptz as created_at,
           null::uuid as uploaded_by, null::text as uploader_first_name,
           null::text as uploader_last_name
    from cases c
    join organizations o on o.id = c.organization_id;

-- The functions are PL/pgSQL because it runs statements in order and keeps their plans. A statement
-- outside a transaction is a transaction of its own, and the scope set here ends with it.

-- The files of a case in upload order; if it has none, one row of its facts. `viewer`: the user who
-- asks, or null for the operator. The files of a case of others are not even looked for, so that
-- asking for it takes as long as asking for a case that does not exist.
create function case_files(organization uuid, wanted_id uuid, wanted_number bigint, viewer uuid)
returns setof shown_files
language plpgsql as $$
declare
    facts case_facts%rowtype;
begin
    perform set_config('app.organization_id', organization::text, true);
    if wanted_id is not null then
        select * into facts from case_facts c
        where c.organization_id = organization and c.case_id = wanted_id;
    else
        select * into facts from case_facts c
        where c.organization_id = organization and c.case_number = wanted_number;
    end if;
    if facts.case_id is null then
        return;
    end if;
    if viewer is null or viewer in (facts.clinician_id, facts.case_patient_id) then
        return query
            select s.* from shown_files s
            where s.organization_id = organization and s.case_id = facts.case_id
            order by s.created_at, s.file_id;
        if found then
            return;
        end if;
    end if;
    return query select facts.*;
end
$$;

-- The files of one case of a patient, or of all of them, newest first; if `wanted_case` exists and
-- has none, one row of its facts. `most`: how many rows, or null for all; `after_time` and
-- `after_id`: only files beyond that one. It is told to keep its plans, because for an unknown number
-- of rows PostgreSQL would plan each page anew, which takes as long as the page itself.
create function patient_files(organization uuid, patient uuid, wanted_case uuid, phi boolean,
                              most integer, after_time timestamptz, after_id uuid)
returns setof shown_files
language plpgsql set plan_cache_mode to force_generic_plan as $$
declare
    facts case_facts%rowtype;
    before_time constant timestamptz := coalesce(after_time, 'infinity');
    before_id constant uuid := coalesce(after_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
begin
    perform set_config('app.organization_id', organization::text, true);
    if wanted_case is null then
        return query
            select s.* from shown_files s
            where s.organization_id = organization and s.patient_id = patient
              and s.case_id is not null and not s.case_deleted
              and (phi is null or s.is_phi = phi)
              and not (s.hides_restricted and s.is_restricted)
              and (s.created_at, s.file_id) < (before_time, before_id)
            order by s.created_at desc, s.file_id desc
            limit most;
        return;
    end if;
    select * into facts from case_facts c
    where c.organization_id = organization and c.case_id = wanted_case;
    if facts.case_id is null then
        return;
    end if;
    if facts.case_patient_id = patient then
        return query
            select s.* from shown_files s
            where s.organization_id = organization and s.case_id = wanted_case
              and (phi is null or s.is_phi = phi)
              and not (s.hides_restricted and s.is_restricted)
              and (s.created_at, s.file_id) < (before_time, before_id)
            order by s.created_at desc, s.file_id desc
            limit most;
        if found then
            return;
        end if;
    end if;
    return query select facts.*;
end
$$;

revoke all on shown_files, case_facts from public;
revoke all on function case_files(uuid, uuid, bigint, uuid) from public;
revoke all on function
    patient_files(uuid, uuid, uuid, boolean, integer, timestamptz, uuid) from public;
select grant_to_application('select on shown_files, case_facts');
select grant_to_application('execute on function case_files(uuid, uuid, bigint, uuid)');
select grant_to_application('execute on function
    patient_files(uuid, uuid, uuid, boolean, integer, timestamptz, uuid)');

-- migrate: rollback

drop function case_files(uuid, uuid, bigint, uuid);
drop function patient_files(uuid, uuid, uuid, boolean, integer, timestamptz, uuid);
drop view case_facts, shown_files;
