"""Pseudonyms: what stands for a patient or a lesion in everything that is written.

HMAC-SHA256 with a secret salt (RFC 2104): the same identifier gives the same pseudonym as long as the salt is kept, and
nobody without the salt can find the identifier by trying names.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from data_modules.errors import InputError

SALT_BYTES = 32
HEX_DIGITS = 10  # 40 bits: two of 10,000 lesions share a pseudonym with probability 5e-5, and that is noticed


class Pseudonyms:
    """Gives pseudonyms, and keeps none.

    Args:
        salt_file: File of the secret salt; made, readable by its owner only, if it does not exist. Keep it outside
            version control and never hand it on with the data.

    Raises:
        InputError: If others may read the salt file, or it is too short to be one.
    """

    def __init__(self, salt_file: Path) -> None:
        if not salt_file.exists():
            salt_file.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(salt_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_bytes(SALT_BYTES))
        if salt_file.stat().st_mode & 0o077:
            name = salt_file.name
            raise InputError(
                f"The salt file {name} can be read by others. Run `chmod 600` on it, or delete it for a new one."
            )
        self._salt = salt_file.read_bytes()
        if len(self._salt) < SALT_BYTES:
            raise InputError(
                f"The salt file {salt_file.name} is shorter than {SALT_BYTES} bytes. Delete it for a new one."
            )
        self._given: dict[str, tuple[str, ...]] = {}

    def patient(self, patient_id: str) -> str:
        """Pseudonym of a patient, e.g. "P-3f9a1207bc"."""
        return self._pseudonym("P", (patient_id,))

    def lesion(self, patient_id: str, lesion_id: str) -> str:
        """Pseudonym of a lesion, whose identifier need be unique within the patient only."""
        return self._pseudonym("L", (patient_id, lesion_id))

    def _pseudonym(self, kind: str, key: tuple[str, ...]) -> str:
        message = "\0".join((kind, *key)).encode()
        pseudonym = f"{kind}-{hmac.new(self._salt, message, hashlib.sha256).hexdigest()[:HEX_DIGITS]}"
        if self._given.setdefault(pseudonym, key) != key:
            raise InputError("Two identifiers got one pseudonym by chance. Delete the salt file for a new one.")
        return pseudonym
