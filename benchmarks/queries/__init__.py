"""The query layer: its time for a mask, and runs that are killed."""
