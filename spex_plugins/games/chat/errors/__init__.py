"""Errors of an API: their kinds, their messages, and credentials that these must not quote."""
