-- What was removed and may be brought back, and the orders in which cases and files are listed.
-- depends: 0005_webhooks

-- migrate: apply

-- The orders of a clinician's list beside the one by time, which has its index. There is none by
-- state: its few values are sorted in memory, and an index would be written at every analysis.
create index cases_by_change on cases (organization_id, clinician_id, updated_at desc, id desc)
    where deleted_at is null;
create index cases_by_name on cases (organization_id, clinician_id, lower(patient_name), id)
    where deleted_at is null;
create index cases_by_number on cases (organization_id, clinician_id, number, id)
    where deleted_at is null;

create index cases_removed on cases (organization_id, clinician_id, deleted_at desc, id desc)
    where deleted_at is not null;
create index files_removed on files (organization_id, case_id, deleted_at desc, id desc)
    where deleted_at is not null and state = 'stored';

-- The general documents of a patient, in upload order.
create index documents_of_patient on files (organization_id, patient_id, created_at, id)
    where case_id is null and deleted_at is null and state = 'stored';

-- A stored file that was removed: the columns of `shown_files`, and when it was. Row-level security
-- is that of the caller.
create view removed_files with (security_invoker = true) as
    select c.id as case_id, c.number as case_number, f.organization_id, c.clinician_id,
           c.patient_id as case_patient_id, c.deleted_at is not null as case_deleted,
           o.hides_restricted_files as hides_restricted,
           f.id as file_id, f.patient_id, f.name, f.url_path, f.media_type, f.size, f.sha256,
           f.category, f.is_phi, f.is_restricted, f.created_at,
           u.id as uploaded_by, u.first_name as uploader_first_name,
           u.last_name as uploader_last_name, f.deleted_at
    from files f
    join organizations o on o.id = f.organization_id
    left join cases c on c.organization_id = f.organization_id and c.id = f.case_id
    left join users u on u.organization_id = f.organization_id and u.id = f.uploaded_by
    where f.deleted_at is not null and f.state = 'stored';

revoke all on removed_files from public;
select grant_to_application('select on removed_files');

-- migrate: rollback

drop view removed_files;
drop index documents_of_patient, files_removed, cases_removed, cases_by_number, cases_by_name,
    cases_by_change;
