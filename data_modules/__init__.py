"""Everything about data, from DICOM to batches. Imports nothing of the other packages."""
