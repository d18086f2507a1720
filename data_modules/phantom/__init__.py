"""The embedded default cohort: a digital phantom, written as DICOM."""
