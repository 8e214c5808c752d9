"""Plug-ins for further packages."""
