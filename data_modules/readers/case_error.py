"""The exception for one case that cannot be used."""

from data_modules.errors import InputError


class CaseError(InputError):
    """One image or mask of the user cannot be used; the other cases go on.

    Attributes:
        code: Kind of the problem, e.g. "E-GEO-03": DCM files, GEO geometry, HU values, SEG masks, ROI, PRV privacy.
        text: What is wrong, what was done, how to mend it; free of names, identifiers and paths.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text

    def __str__(self) -> str:
        return f"{self.code} {self.text}"
