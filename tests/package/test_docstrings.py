"""Every public name documents its parameters, returned values and exceptions, in the sections of numpydoc."""

from __future__ import annotations

import dataclasses
import inspect
import warnings
from importlib import import_module

import pytest
from numpydoc.docscrape import get_doc_object
from numpydoc.validate import Validator, extract_ignore_validation_comments, validate

ROOMS = (
    *("", ".captum", ".comparison", ".estimators", ".games", ".plots", ".queries", ".regions", ".shap"),
    ".shapiq",
)
# Sections: unknown, out of order. Docstring: missing. Parameters: missing, unknown, out of order, without
# type, description or space before the colon. Returns: missing, without description. Yields: missing. RS01,
# which numpydoc does not have: Raises missing.
CHECKS = {
    *("GL06", "GL07", "GL08", "PR01", "PR02", "PR03", "PR04", "PR07", "PR10", "RT01", "RT03", "YD01"),
    "RS01",
}


class PublicDocstring(Validator):
    """The validator of numpydoc; attributes may document parameters, and annotations say what returns."""

    def __init__(self, obj_name):
        super().__init__(get_doc_object(obj_name))

    @property
    def signature_parameters(self):
        return () if getattr(self.obj, "_is_protocol", False) else super().signature_parameters

    @property
    def doc_all_parameters(self):
        # Of attributes that are not documented, numpydoc adds the names: those do not replace parameters.
        parameters, attributes = super().doc_all_parameters, self._doc_parameters(["Attributes"])
        return parameters | {
            name: entry
            for name, entry in attributes.items()
            if name in self.signature_parameters and name not in parameters
        }

    @property
    def method_returns_something(self):
        return inspect.signature(self.obj).return_annotation not in ("None", None, inspect.Signature.empty)

    @property
    def may_raise(self):
        """What takes arguments refuses wrong ones; a record that checks nothing and an exception do not."""
        if not inspect.isclass(self.obj):
            return bool(self.signature_parameters)
        if issubclass(self.obj, BaseException) or not self.signature_parameters:
            return False
        return ("__post_init__" if dataclasses.is_dataclass(self.obj) else "__init__") in vars(self.obj)


def ours(value):
    return getattr(value, "__module__", "").startswith("spex_plugins")


def members(cls):
    """Public methods and properties by name, but for overrides that leave their sections to the base."""
    for base in filter(ours, cls.__mro__):
        for name, value in vars(base).items():
            value = getattr(value, "__func__", value)  # of class and static methods
            if not (inspect.isfunction(value) or isinstance(value, property)):
                continue
            overrides = any(name in vars(parent) for parent in base.__mro__[1:-1])
            leaves_it = overrides and "----" not in (value.__doc__ or "")
            if not leaves_it and (name == "__call__" or not name.startswith("_")):
                yield name, value


def public():
    """Public classes, functions, methods and properties by name; each once, however often it is exported."""
    names = {}
    for room in (import_module(f"spex_plugins{room}") for room in ROOMS):
        for name, value in ((name, getattr(room, name)) for name in room.__all__):
            if ours(value) and callable(value):
                names.setdefault(value, f"{room.__name__}.{name}")
                for member, each in members(value) if inspect.isclass(value) else ():
                    names.setdefault(each, f"{room.__name__}.{name}.{member}")
    return {name: value for value, name in names.items()}


with warnings.catch_warnings():
    # SHAP 0.51 itself uses a colour map call that matplotlib ≥ 3.11 announces to deprecate.
    warnings.simplefilter("ignore")
    PUBLIC = public()


def faults(value):
    """Codes and messages of what the docstring lacks."""
    if isinstance(value, property):
        return [] if value.__doc__ else [("GL08", "The property does not have a docstring")]
    docstring = PublicDocstring(value)
    found = [fault for fault in validate(value, PublicDocstring)["errors"] if fault[0] in CHECKS]
    ignored = extract_ignore_validation_comments(docstring.source_file_name)
    ignored = ignored.get(docstring.source_file_def_line, [])
    if docstring.may_raise and not docstring.doc["Raises"] and "RS01" not in ignored:
        found.append(("RS01", "No Raises section found"))
    return found


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_public_names_are_documented_in_sections(name):
    assert not [f"{code} {message}" for code, message in faults(PUBLIC[name])]


def test_a_missing_section_would_be_noticed():
    def undocumented(k: int) -> float:
        """Say nothing."""

    assert {code for code, _ in faults(undocumented)} == {"PR01", "RT01", "RS01"}
