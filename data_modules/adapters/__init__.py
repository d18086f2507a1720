"""Adapters: data as it is published or exported, listed lesion by lesion in a manifest; see docs/data.md."""
