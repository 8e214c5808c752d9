"""The file that keeps every answer: SQLite, with locks, checksums and recovery."""
