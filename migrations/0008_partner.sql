-- What a partner's software brings: forms with their answers, and communications.
-- depends: 0007_profiles

-- migrate: apply

-- A form is what was asked: a list of questions, each with an id that stays. It is never changed;
-- a case keeps what it was asked beside what was answered.
create table forms (
    id                uuid primary key,
    organization_id   uuid not null references organizations (id),
    title             text not null check (length(title) between 1 and 200),
    description       text,
    questions         jsonb not null,
    created_at        timestamptz not null default now(),
    unique (organization_id, id),
    unique (organization_id, title)
);

-- `replay_sha256`: of the key by which a partner may send the same case again and get the first.
alter table cases
    add column form_id uuid,
    add column replay_sha256 bytea check (length(replay_sha256) = 32),
    add foreign key (organization_id, form_id) references forms (organization_id, id);
create unique index cases_of_replay on cases (organization_id, replay_sha256)
    where replay_sha256 is not null;
create index cases_in_order on cases (organization_id, created_at desc, id desc)
    where deleted_at is null;
create index cases_of_form on cases (organization_id, form_id) where form_id is not null;

-- One question of a case's form, as it was asked, and its answer; null is no answer, or files.
create table case_answers (
    id                uuid primary key,
    organization_id   uuid not null references organizations (id),
    case_id           uuid not null,
    position          integer not null check (position > 0),
    question          jsonb not null,
    answer            jsonb,
    unique (organization_id, case_id, position),
    unique (organization_id, case_id, id),
    foreign key (organization_id, case_id) references cases (organization_id, id)
);

alter table api_keys add unique (organization_id, id);
create table communications (
    id                uuid primary key,
    organization_id   uuid not null references organizations (id),
    case_id           uuid not null,
    text              text not null check (length(text) between 1 and 10000),
    is_restricted     boolean not null,
    author_id         uuid,
    author_email      text not null,
    author_first_name text,
    author_last_name  text,
    api_key_id        uuid,
    created_at        timestamptz not null default now(),
    unique (organization_id, case_id, id),
    foreign key (organization_id, case_id) references cases (organization_id, id),
    foreign key (organization_id, author_id) references users (organization_id, id),
    foreign key (organization_id, api_key_id) references api_keys (organization_id, id)
);
create index communications_of_case on communications (organization_id, case_id, created_at, id);

-- A file that came with a communication, or as the answer to a question, is a file of its case.
alter table files
    add column answer_id uuid,
    add column communication_id uuid,
    add foreign key (organization_id, case_id, answer_id)
        references case_answers (organization_id, case_id, id),
    add foreign key (organization_id, case_id, communication_id)
        references communications (organization_id, case_id, id);

-- A stored file, removed or not, and what it came with. It begins with the columns of
-- `shown_files`, in their order.
create view detailed_files with (security_invoker = true) as
    select c.id as case_id, c.number as case_number, f.organization_id, c.clinician_id,
           c.patient_id as case_patient_id, c.deleted_at is not null as case_deleted,
           o.hides_restricted_files as hides_restricted,
           f.id as file_id, f.patient_id, f.name, f.url_path, f.media_type, f.size, f.sha256,
           f.category, f.is_phi, f.is_restricted, f.created_at,
           u.id as uploaded_by, u.first_name as uploader_first_name,
           u.last_name as uploader_last_name,
           f.deleted_at is not null as deleted, f.answer_id, f.communication_id
    from files f
    join organizations o on o.id = f.organization_id
    join cases c on c.organization_id = f.organization_id and c.id = f.case_id
    left join users u on u.organization_id = f.organization_id and u.id = f.uploaded_by
    where f.state = 'stored';

alter table forms enable row level security;
alter table forms force row level security;
create policy one_organization on forms
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));
alter table case_answers enable row level security;
alter table case_answers force row level security;
create policy one_organization on case_answers
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));
alter table communications enable row level security;
alter table communications force row level security;
create policy one_organization on communications
    using (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid));

revoke all on forms, case_answers, communications, detailed_files from public;
select grant_to_application('select, insert on forms, case_answers, communications');
select grant_to_application('select on detailed_files');

-- migrate: rollback

drop view detailed_files;
alter table files drop column communication_id, drop column answer_id;
drop table communications, case_answers;
alter table api_keys drop constraint api_keys_organization_id_id_key;
drop index cases_of_form, cases_in_order, cases_of_replay;
alter table cases drop column replay_sha256, drop column form_id;
drop table forms;
