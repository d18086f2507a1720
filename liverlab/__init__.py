"""Does synthetic augmentation improve a lesion classifier over classic augmentation, and how sure can one be?"""

__version__ = "0.1.0"
