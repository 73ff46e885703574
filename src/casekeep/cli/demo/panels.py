"""What the synthetic laboratory measures: analytes with units and reference ranges, by panel.

Ranges are of the kind printed on adult reports; they are scenery, not medical advice.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Analyte:
    """One line of a report. `centre` and `spread`: where this clinic's patients lie."""

    name: str
    unit: str
    low: float | None
    high: float | None
    centre: float
    spread: float
    digits: int = 1

    def flag(self, value: float) -> str:
        """`L` below the range, `H` above it, else nothing."""
        if self.low is not None and value < self.low:
            return "L"
        return "H" if self.high is not None and value > self.high else ""

    @property
    def reference(self) -> str:
        """The range as printed."""
        if self.low is None:
            return f"< {self.high:.{self.digits}f}"
        if self.high is None:
            return f"> {self.low:.{self.digits}f}"
        return f"{self.low:.{self.digits}f} - {self.high:.{self.digits}f}"


@dataclass(frozen=True, slots=True)
class Panel:
    """A report: its title, the sample, sections of analytes, and what the laboratory remarks."""

    title: str
    sample: str
    sections: tuple[tuple[str, tuple[Analyte, ...]], ...]
    remark: str


A = Analyte

_RED_CELLS = (
    A("Haemoglobin", "g/L", 120, 160, 128, 9, 0),
    A("Red cell count", "10^12/L", 3.9, 5.2, 4.4, 0.3, 2),
    A("Haematocrit", "L/L", 0.36, 0.46, 0.39, 0.02, 2),
    A("Mean cell volume", "fL", 80, 98, 86, 5, 1),
    A("Mean cell haemoglobin", "pg", 27, 33, 28.8, 1.6, 1),
    A("Red cell distribution width", "%", 11.5, 14.5, 13.9, 1.0, 1),
    A("Platelets", "10^9/L", 150, 400, 262, 50, 0),
)
_WHITE_CELLS = (
    A("White cell count", "10^9/L", 4.0, 10.5, 7.2, 1.8, 1),
    A("Neutrophils", "10^9/L", 1.8, 7.5, 4.4, 1.2, 2),
    A("Lymphocytes", "10^9/L", 1.0, 4.0, 2.0, 0.5, 2),
    A("Monocytes", "10^9/L", 0.2, 0.9, 0.5, 0.14, 2),
    A("Eosinophils", "10^9/L", 0.0, 0.5, 0.2, 0.12, 2),
    A("Basophils", "10^9/L", 0.0, 0.1, 0.04, 0.02, 2),
)
_SALTS = (
    A("Sodium", "mmol/L", 135, 145, 139, 2, 0),
    A("Potassium", "mmol/L", 3.5, 5.1, 4.3, 0.3, 1),
    A("Chloride", "mmol/L", 98, 107, 102, 2, 0),
    A("Bicarbonate", "mmol/L", 22, 29, 25, 1.6, 0),
    A("Calcium, adjusted", "mmol/L", 2.20, 2.60, 2.37, 0.07, 2),
    A("Magnesium", "mmol/L", 0.70, 1.00, 0.82, 0.06, 2),
    A("Phosphate", "mmol/L", 0.80, 1.50, 1.10, 0.14, 2),
)
_KIDNEY = (
    A("Urea", "mmol/L", 2.5, 7.8, 5.6, 1.2, 1),
    A("Creatinine", "µmol/L", 49, 90, 76, 12, 0),
    A("Estimated filtration rate", "mL/min/1.73 m²", 90, None, 86, 9, 0),
    A("Urate", "µmol/L", 140, 360, 318, 50, 0),
)
_LIVER = (
    A("Alanine aminotransferase", "U/L", 7, 40, 36, 14, 0),
    A("Aspartate aminotransferase", "U/L", 8, 35, 27, 7, 0),
    A("Alkaline phosphatase", "U/L", 30, 120, 78, 16, 0),
    A("Gamma-glutamyl transferase", "U/L", 5, 36, 33, 13, 0),
    A("Bilirubin, total", "µmol/L", 2, 21, 11, 4, 0),
    A("Albumin", "g/L", 35, 50, 42, 2, 0),
    A("Total protein", "g/L", 60, 80, 71, 3, 0),
)
_SUGAR = (
    A("Glucose, fasting", "mmol/L", 3.9, 5.6, 7.6, 0.7, 1),
    A("HbA1c", "mmol/mol", 20, 42, 53, 4, 0),
    A("Insulin, fasting", "mU/L", 2.6, 24.9, 17, 5, 1),
    A("C-peptide", "nmol/L", 0.37, 1.47, 1.1, 0.2, 2),
)
_LIPIDS = (
    A("Cholesterol, total", "mmol/L", None, 5.0, 5.9, 0.5, 1),
    A("LDL cholesterol", "mmol/L", None, 3.0, 3.8, 0.4, 1),
    A("HDL cholesterol", "mmol/L", 1.2, None, 1.1, 0.16, 1),
    A("Triglycerides", "mmol/L", None, 1.7, 2.1, 0.5, 1),
    A("Non-HDL cholesterol", "mmol/L", None, 3.8, 4.7, 0.4, 1),
)
_HEART = (
    A("Troponin T, high sensitivity", "ng/L", None, 14, 9, 2.5, 0),
    A("NT-proBNP", "ng/L", None, 125, 164, 40, 0),
    A("Creatine kinase", "U/L", 25, 200, 118, 40, 0),
    A("C-reactive protein", "mg/L", None, 5, 3.4, 2.2, 1),
)
_THYROID = (
    A("Thyroid stimulating hormone", "mU/L", 0.4, 4.0, 6.9, 1.1, 2),
    A("Free thyroxine (T4)", "pmol/L", 12.0, 22.0, 12.4, 1.2, 1),
    A("Free triiodothyronine (T3)", "pmol/L", 3.1, 6.8, 4.1, 0.5, 1),
    A("Thyroid peroxidase antibodies", "kU/L", None, 34, 187, 60, 0),
)
_IRON = (
    A("Ferritin", "µg/L", 15, 200, 9, 3, 0),
    A("Iron", "µmol/L", 9, 30, 6.8, 1.6, 1),
    A("Transferrin", "g/L", 2.0, 3.6, 3.8, 0.25, 2),
    A("Transferrin saturation", "%", 16, 45, 9, 2.4, 0),
    A("Vitamin B12", "pmol/L", 140, 650, 312, 80, 0),
    A("Folate", "nmol/L", 7.0, 45.0, 18, 6, 1),
)
_GASES = (
    A("pH", "", 7.35, 7.45, 7.44, 0.012, 2),
    A("pCO2", "kPa", 4.7, 6.0, 4.6, 0.2, 1),
    A("pO2", "kPa", 10.0, 13.5, 9.1, 0.4, 1),
    A("Base excess", "mmol/L", -2.0, 3.0, 0.4, 0.9, 1),
    A("Standard bicarbonate", "mmol/L", 22.0, 27.0, 24.1, 0.9, 1),
    A("Oxygen saturation", "%", 95, 99, 93.4, 0.8, 1),
    A("Lactate", "mmol/L", 0.5, 1.6, 1.2, 0.25, 1),
    A("Carboxyhaemoglobin", "%", None, 1.5, 0.9, 0.25, 1),
)
_BONE = (
    A("25-hydroxy vitamin D", "nmol/L", 50, 125, 37, 8, 0),
    A("Parathyroid hormone", "pmol/L", 1.6, 6.9, 7.1, 0.9, 1),
    A("Calcium, adjusted", "mmol/L", 2.20, 2.60, 2.29, 0.05, 2),
    A("Alkaline phosphatase", "U/L", 30, 120, 112, 12, 0),
)

PANELS = {
    "metabolic": Panel(
        "Comprehensive metabolic panel",
        "Venous blood, fasting",
        (
            ("Sugar metabolism", _SUGAR),
            ("Electrolytes and minerals", _SALTS),
            ("Kidney", _KIDNEY),
            ("Liver", _LIVER),
            ("Lipids", _LIPIDS),
            ("Blood count", _RED_CELLS + _WHITE_CELLS),
        ),
        "Fasting glucose and HbA1c are in the diabetic range. Repeat on a second day to confirm.",
    ),
    "follow_up": Panel(
        "Diabetes follow-up",
        "Venous blood, fasting",
        (("Sugar metabolism", _SUGAR), ("Kidney", _KIDNEY), ("Lipids", _LIPIDS)),
        "Compare with the values at diagnosis.",
    ),
    "lipids": Panel(
        "Lipids and cardiac markers",
        "Venous blood",
        (("Lipids", _LIPIDS), ("Cardiac markers", _HEART), ("Electrolytes", _SALTS[:4])),
        "No rise of troponin between the two samples.",
    ),
    "blood_count": Panel(
        "Full blood count",
        "Venous blood, EDTA",
        (("Red cells and platelets", _RED_CELLS), ("White cells", _WHITE_CELLS)),
        "Film: slightly pale red cells, otherwise unremarkable.",
    ),
    "iron": Panel(
        "Iron studies and blood count",
        "Venous blood",
        (("Iron and vitamins", _IRON), ("Red cells and platelets", _RED_CELLS)),
        "Pattern of iron deficiency. Ferritin below 15 µg/L confirms empty stores.",
    ),
    "thyroid": Panel(
        "Thyroid function",
        "Venous blood",
        (("Thyroid", _THYROID), ("Lipids", _LIPIDS[:3])),
        "Raised antibodies speak for an autoimmune thyroiditis.",
    ),
    "blood_gas": Panel(
        "Arterial blood gas",
        "Arterial blood, room air",
        (("Gases and acid-base", _GASES), ("Electrolytes", _SALTS[:3])),
        "Mild hypoxaemia.",
    ),
    "infection": Panel(
        "Inflammation markers",
        "Venous blood",
        (("Markers", (_HEART[3],)), ("White cells", _WHITE_CELLS)),
        "Wound swab: skin flora, no growth of pathogens after 48 hours.",
    ),
    "bone": Panel(
        "Bone metabolism",
        "Venous blood",
        (("Bone", _BONE), ("Kidney", _KIDNEY[:3])),
        "Low vitamin D with a matching rise of parathyroid hormone.",
    ),
}
"""Every panel, by the name that the plan uses."""
