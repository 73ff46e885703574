"""The texts of the synthetic letters and notes, with placeholders for people and days."""

Sections = tuple[tuple[str, str], ...]
"""Headings (empty for none) with their paragraphs, one to a line; `- ` begins a list item."""

LETTERS: dict[str, tuple[str, Sections]] = {
    "referral_glucose": (
        "Referral: raised fasting glucose",
        (
            ("", "Dear colleague,"),
            (
                "",
                "Thank you for seeing {title} {last}, aged {age}, whose fasting glucose was raised "
                "twice at routine checks. {They} has felt tired and thirsty for about "
                "two months and "
                "has lost 3 kg without trying. There is no fever and no abdominal pain.",
            ),
            ("History", "No earlier illness of note. One parent has type 2 diabetes. Non-smoker."),
            (
                "Examination",
                "Blood pressure 128/82 mmHg, pulse 76, BMI 28.4 kg/m². Feet: pulses and "
                "feeling intact, a small callus under the left great toe.",
            ),
            (
                "What I ask of you",
                "- Confirmation of the diagnosis and a first plan\n"
                "- Screening of eyes, kidneys and feet\n- Teaching in the use of a glucose meter",
            ),
            ("Medicines", "None. No known allergies."),
        ),
    ),
    "referral_chest_pain": (
        "Referral: chest discomfort on exertion",
        (
            ("", "Dear colleague,"),
            (
                "",
                "I should be grateful for your opinion on {title} {last}, aged {age}. "
                "For six weeks "
                "{they} has noticed a tightness behind the breastbone when climbing "
                "stairs. It eases "
                "within three minutes of rest and has never come on at night.",
            ),
            (
                "Risk factors",
                "- Raised LDL cholesterol\n- Blood pressure at the upper limit\n"
                "- Stopped smoking nine years ago",
            ),
            (
                "Examination",
                "Heart sounds normal, no murmur. Lungs clear. No swelling of the legs.",
            ),
            ("Medicines", "Amlodipine 5 mg in the morning. No known allergies."),
            ("What I ask of you", "An ECG at rest and on exercise, and advice on further imaging."),
        ),
    ),
    "discharge_chest_pain": (
        "Discharge letter",
        (
            ("", "{title} {last} was with us for observation until {day}."),
            ("Diagnosis", "Stable angina, most likely; no sign of an acute coronary syndrome."),
            (
                "Course",
                "Two samples for troponin, three hours apart, showed no rise. The ECG showed a "
                "sinus rhythm with slight ST depression in V4 to V6. The chest "
                "radiograph showed a heart "
                "at the upper limit of size and clear lungs. {They} stayed free of pain.",
            ),
            (
                "Medicines at discharge",
                "- Acetylsalicylic acid 75 mg in the morning\n"
                "- Atorvastatin 40 mg in the evening (new)\n- Bisoprolol 2.5 mg in the "
                "morning (new)\n"
                "- Glyceryl trinitrate spray when needed (new)",
            ),
            (
                "Plan",
                "CT angiography of the coronary arteries within four weeks. Please check the "
                "lipids and liver enzymes about {later}. {Their} discomfort at rest "
                "would be a reason "
                "to call an ambulance; {they} has been told so.",
            ),
        ),
    ),
    "discharge_ct": (
        "Discharge letter: breathlessness under investigation",
        (
            ("", "We report on {title} {last}, aged {age}, whom we saw until {day}."),
            (
                "Findings",
                "CT of the chest: a smooth, solid nodule of 11 mm in the right lower lobe. No "
                "enlarged nodes, no effusion. Lung function: mild obstruction, partly reversible.",
            ),
            (
                "Assessment",
                "The nodule is new to us and needs a second look; most of this kind turn "
                "out to be harmless. The breathlessness is explained by the obstruction.",
            ),
            (
                "Plan",
                "- Inhaled budesonide and formoterol, twice daily\n- CT of the chest again in "
                "three months, same protocol\n- Discussion in the lung board on {later}",
            ),
            (
                "For the patient",
                "{name} has had {their} images explained and has a copy of them in "
                "the patient portal.",
            ),
        ),
    ),
    "finding_ct": (
        "CT of the chest without contrast",
        (
            ("Clinical question", "Breathlessness on exertion for four months. Nodule?"),
            (
                "Technique",
                "Helical acquisition from the apex of the lungs to the upper abdomen, "
                "120 kV, reconstructed in 24 axial slices of 8 mm, soft tissue kernel.",
            ),
            (
                "Findings",
                "Lungs: a smooth solid nodule of 11 mm in the right lower lobe. No "
                "consolidation, no effusion.\nMediastinum: normal vessels, no enlarged "
                "nodes.\nHeart: "
                "normal size.\nBones: degenerative changes of the thoracic "
                "spine.\nUpper abdomen: the "
                "visible dome of the liver is unremarkable.",
            ),
            ("Impression", "Solitary pulmonary nodule. Follow-up in three months is suggested."),
        ),
    ),
    "finding_chest": (
        "Chest radiograph, postero-anterior",
        (
            ("Clinical question", "Chest discomfort. Heart size, congestion, infiltrate?"),
            (
                "Findings",
                "The heart is at the upper limit of its normal width. The hila are slender. "
                "The lungs are well expanded and clear. Both costophrenic angles are "
                "free. The bones "
                "in view are intact.",
            ),
            ("Impression", "No congestion and no infiltrate."),
        ),
    ),
    "finding_chest_hazy": (
        "Chest radiograph, postero-anterior",
        (
            ("Clinical question", "Cough and fever for five days. Pneumonia?"),
            (
                "Findings",
                "A patchy opacity in the right lower field, ill defined, without loss of "
                "volume. The left lung is clear. Heart and mediastinum are of normal width. No "
                "effusion.",
            ),
            (
                "Impression",
                "Right lower field consolidation, in keeping with pneumonia. A control in "
                "six weeks is advised.",
            ),
        ),
    ),
    "finding_thyroid": (
        "Ultrasound of the thyroid",
        (
            ("Clinical question", "Raised TSH, antibodies positive."),
            (
                "Findings",
                "Both lobes are slightly small, the echo pattern is coarse and darker than "
                "usual. In the right lobe a smooth, oval, echo-poor nodule of 9 x 7 mm without "
                "calcification. No enlarged nodes of the neck.",
            ),
            (
                "Impression",
                "Picture of an autoimmune thyroiditis. Nodule without suspicious features; "
                "control in twelve months.",
            ),
        ),
    ),
    "finding_skin": (
        "Dermatology: finding",
        (
            ("Reason", "A mole on the back that is said to have changed."),
            (
                "Findings",
                "Regular, slightly raised lesion of 6 mm, two shades of brown, sharply "
                "bordered. Under the dermatoscope a regular network that fades to the edge.",
            ),
            (
                "Impression",
                "Benign naevus. Photographs are kept for comparison; next look in six "
                "months, about {later} at the earliest if it changes.",
            ),
        ),
    ),
    "operation_report": (
        "Minor operation: report",
        (
            ("Procedure", "Removal of a benign cyst of the left forearm under local anaesthesia."),
            (
                "Course",
                "Skin disinfected and draped. Spindle-shaped cut along the tension lines. The "
                "cyst was freed and taken out whole; bleeding stopped by touch. Skin "
                "closed with five "
                "single stitches. Dry dressing.",
            ),
            (
                "Aftercare",
                "- Keep dry for two days\n- Photograph of the wound on days 1, 4, 8 and 14, "
                "uploaded to the patient portal\n- Stitches out on day 10",
            ),
        ),
    ),
    "eye_screening": (
        "Eye screening in diabetes",
        (
            (
                "Findings",
                "Both discs are sharply bordered and of normal colour. The vessels are of "
                "normal width. Right: two dots at the lower temporal arcade, in keeping with "
                "microaneurysms. Left: unremarkable.",
            ),
            (
                "Impression",
                "Mild non-proliferative changes on the right. Next screening in twelve months.",
            ),
        ),
    ),
    "bone_density": (
        "Bone density: finding",
        (
            (
                "Findings",
                "T-score of the lumbar spine -1.9, of the left hip -1.6. The ten-year risk of "
                "a fracture is somewhat raised for the age of {age}.",
            ),
            ("Impression", "Reduced bone density, not yet osteoporosis."),
            (
                "Plan",
                "Vitamin D 1000 units daily, strength training twice a week, control in two years.",
            ),
        ),
    ),
}

NOTES: dict[str, str] = {
    "telephone": """Telephone note, {day}
{name}, {age} years

Calls about the morning values. Says that {they} feels well, no night sweats, no hypos.
Values of the last week between 6.1 and 9.4 mmol/l, highest after breakfast.

Agreed: oats instead of white bread, 20 minutes of walking after the meal, next call in a week.

{clinician}, {house}
""",
    "first_visit": """First visit, {day}
Patient: {name}, {age} years

S  Tired for some months, short of breath on the second flight of stairs. Heavy periods.
O  Pale conjunctivae. BP 112/70 mmHg, pulse 88, regular. Heart and lungs unremarkable.
A  Suspected iron deficiency.
P  Blood count, ferritin, stool test. Iron every other day once the results are in. Back in 4 weeks.

{clinician}, {house}
""",
    "medicines": """My medicines (written by {name})

Morning   amlodipine 5 mg       1
Morning   bisoprolol 2.5 mg     1
Evening   atorvastatin 40 mg    1
Spray     only when it gets tight, not needed since I came home :-)

Allergies: none that I know of. Pollen in May makes me sneeze.
""",
    "questions": """Questions for the next visit

1. May I swim with the wound after the stitches are out?
2. The edge itches a little. Is that the plaster?
3. When does the scar stop being red?

Thank you! {name}
""",
    "holter": """24-hour ECG, {day}
{name}, {age} years

Recording time 23 h 41 min, good quality.
Mean rate 81/min, slowest 52/min (04:12), fastest 148/min (17:35).
Atrial fibrillation in 38 % of the time, longest episode 3 h 06 min.
No pauses over 2.5 s. Single ventricular extra beats (112).

Impression: paroxysmal atrial fibrillation.
{clinician}, {house}
""",
    "protocol": """Imaging protocol, {day}
{name}

Region       thyroid and neck
Transducer   linear, 12 MHz
Images       3 stored (right, left, right with measure)
Remarks      patient comfortable, no difficulty

{house}
""",
}
