-- What a patient's profile says, and the lock that keeps it in step with their cases.
-- depends: 0006_case_changes

-- migrate: apply

alter table users
    add column dob                           date check (dob >= date '1900-01-01'),
    add column gender                        text check (gender in ('MALE', 'FEMALE', 'OTHER')),
    add column address                       text check (length(address) between 1 and 200),
    add column address2                      text check (length(address2) between 1 and 200),
    add column city                          text check (length(city) between 1 and 100),
    add column state                         text check (length(state) between 1 and 100),
    add column country                       text check (country ~ '^[A-Z]{2}$'),
    add column postal_code                   text check (length(postal_code) between 1 and 20),
    add column allergies                     text check (length(allergies) between 1 and 5000),
    add column health_conditions             text check (length(health_conditions) between 1 and 5000),
    add column current_medications           text check (length(current_medications) between 1 and 5000),
    add column language_preferences          text[] not null default '{}'
        check (cardinality(language_preferences) <= 20
               and length(array_to_string(language_preferences, '')) <= 1000),
    add column sms_notifications_disabled    boolean not null default false,
    add column email_notifications_disabled  boolean not null default false;

create index users_patients on users (organization_id, created_at desc, id desc)
    where role = 'patient';

-- A case in one of these stages locks its patient's name, date of birth and gender. Whoever changes
-- them holds the patient's row; a case that enters such a stage waits for it here, whatever code
-- brings it there, and holds the row in turn until its own transaction ends.
create function wait_for_profile_of_patient() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
    perform from users u
        where u.organization_id = new.organization_id and u.id = new.patient_id
        for share;
    return new;
end
$$;
revoke all on function wait_for_profile_of_patient() from public;

create trigger cases_wait_for_profile
    before insert or update of stage, patient_id, deleted_at on cases for each row
    when (new.patient_id is not null and new.deleted_at is null
          and new.stage in ('ASSIGNED', 'IN_PROGRESS', 'APPROVED', 'REJECTED', 'NO_DECISION'))
    execute function wait_for_profile_of_patient();

-- migrate: rollback

drop trigger cases_wait_for_profile on cases;
drop function wait_for_profile_of_patient();
drop index users_patients;
alter table users
    drop column dob, drop column gender, drop column address, drop column address2,
    drop column city, drop column state, drop column country, drop column postal_code,
    drop column allergies, drop column health_conditions, drop column current_medications,
    drop column language_preferences, drop column sms_notifications_disabled,
    drop column email_notifications_disabled;
