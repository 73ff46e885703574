-- A case that does not exist is answered along the same path as somebody else's.
-- depends: 0010_proven_numbers

-- migrate: apply

-- The two lists of 0002 returned no row for a case that does not exist, and one row of facts for
-- somebody else's: a twentieth of the time, which could be measured. Now it is one row either way,
-- of nulls for a case that is not there.

create or replace function case_files(organization uuid, wanted_id uuid, wanted_number bigint, viewer uuid)
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

create or replace function patient_files(organization uuid, patient uuid, wanted_case uuid, phi boolean,
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

-- migrate: rollback

create or replace function case_files(organization uuid, wanted_id uuid, wanted_number bigint, viewer uuid)
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

create or replace function patient_files(organization uuid, patient uuid, wanted_case uuid, phi boolean,
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
