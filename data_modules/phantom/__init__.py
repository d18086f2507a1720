"""The embedded default cohort: a digital phantom, written as DICOM."""

from data_modules.phantom.phantom_writer import write_phantom

__all__ = ["write_phantom"]
