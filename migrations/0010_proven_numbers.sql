-- Whether a patient's phone number is known to be theirs, or only said to be.
-- depends: 0009_issuers

-- migrate: apply

-- False: the patient wrote the number into their profile, and no code that went there has come back.
-- Until one has, nobody's case is linked to the account by that number alone.
alter table users add column phone_is_proven boolean not null default true;

-- A code proves the way that it was sent by, whichever way it is brought back.
alter table one_time_codes add column by_phone boolean not null default false;

-- migrate: rollback

alter table one_time_codes drop column by_phone;
alter table users drop column phone_is_proven;
