"""What the names of the calls about patients mean: their profile, which they see and change
themselves, and their account, which a partner's software makes and finds.
"""

from casekeep.http.describing import Word

_SOMEBODY = "550e8400-e29b-41d4-a716-446655440222"
_CLEARS = "`null` clears it."

WORDS = {
    # profile
    "profile": Word("The profile, whole."),
    "OneProfile.id": Word("The account's id.", _SOMEBODY),
    "dob": Word("Date of birth.", "1985-12-10"),
    "OneProfile.dob": Word(
        "Date of birth, as the midnight (UTC) it begins with.", "1985-12-10T00:00:00.000Z"
    ),
    "gender": Word("What the patient says of themselves.", "FEMALE"),
    "address": Word("Street and house number.", "1 Hill Road"),
    "address2": Word("What else the address has, such as a flat.", "Flat 2"),
    "city": Word("City.", "Springfield"),
    "state": Word("State or province.", "Illinois"),
    "country": Word("The country, in two letters (ISO 3166-1).", "US"),
    "postalCode": Word("Postal code.", "62704"),
    "allergies": Word("What the patient is allergic to.", "Nuts\nPollen"),
    "healthConditions": Word("What the patient lives with.", "Asthma"),
    "currentMedications": Word("What the patient takes.", "Salbutamol"),
    **{
        f"{schema}.{name}": Word(f"{meaning} {_CLEARS}")
        for schema in ("ProfileChanges", "UserData")
        for name, meaning in (
            ("address", "Street and house number."),
            ("address2", "What else the address has, such as a flat."),
            ("city", "City."),
            ("postalCode", "Postal code."),
            ("allergies", "What the patient is allergic to."),
            ("healthConditions", "What the patient lives with."),
            ("currentMedications", "What the patient takes."),
        )
    },
    # users
    "users": Word("The patients, newest first."),
    "Users.pageInfo": Word("Where the next page starts."),
    "OneUser.id": Word("The account's id.", _SOMEBODY),
    "role": Word("`USER`, which is a patient.", "USER"),
    "isActive": Word("Whether the account is open: whether they can sign in.", True),
    "UserAct.action": Word("What is to be done.", "CREATE_USER"),
    "UserAct.data": Word("The patient it is done to."),
    "languagePreferences": Word("The languages they prefer, the best first.", ["English"]),
    "UserData.communication": Word("By what they do not wish to be told of things."),
    "smsNotificationsDisabled": Word("Whether they wish for no text messages.", True),
    "emailNotificationsDisabled": Word("Whether they wish for no email.", False),
    "phone-number": Word("The phone number in E.164 form.", "+15551234567"),
    # whether somebody has an account
    "FoundAnswer.success": Word("Whether there is such a user.", True),
    "FoundAnswer.message": Word("The same in a sentence.", "Email already exists"),
    "FoundAnswer.data": Word("What was found."),
    "Found.createdAt": Word(
        "When the account was made; only of a user who is there.", "2026-04-15T12:34:56.000Z"
    ),
    "existsInCurrentOrganization": Word(
        "Always true; only of a user who is there. Other organisations are never looked at.", True
    ),
    "Found.code": Word("By what they were found, or that they were not.", "EMAIL_EXISTS"),
}

WHOLES = {
    "ProfileChanges": {"city": "Springfield", "postalCode": "62704", "allergies": "Nuts\nPollen"},
    "UserAct": {
        "action": "CREATE_USER",
        "data": {
            "email": "jane.doe@example.org",
            "firstName": "Jane",
            "lastName": "Doe",
            "phoneNumber": "+15551234567",
            "dob": "1985-12-10",
            "communication": {"smsNotificationsDisabled": True},
        },
    },
}
