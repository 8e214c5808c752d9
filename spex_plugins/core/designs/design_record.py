"""Designs as bytes, to be kept beside the answers that they asked for."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from hashlib import sha256
from typing import Any
from zlib import crc32

import numpy as np

from spex_plugins.core.decoding.bch import bch
from spex_plugins.core.decoding.coded_design import CodedDesign
from spex_plugins.core.designs.choose import Plan
from spex_plugins.core.designs.design import Design

__all__ = ["design_from", "design_key", "design_record"]

_CHECKSUM = 4  # bytes, in front


def design_key(design: Design) -> str:
    """Return a digest of all that a fresh design is: of the masks, their order and their purpose."""
    told = f"{design.plan}; {design.masks.shape}; {design.n_structured}; {design.coded is not None}; "
    return sha256(told.encode() + np.packbits(design.masks).tobytes()).hexdigest()


def design_record(design: Design) -> bytes:
    """Return a design as the bytes of an .npz file without pickle, behind their CRC-32."""
    plan = json.dumps(asdict(design.plan)).encode()
    arrays: dict[str, Any] = {
        "plan": np.frombuffer(plan, dtype=np.uint8),
        "masks": np.packbits(design.masks, axis=1),
        "counts": np.array([design.n_structured, design.n_known]),
    }
    if design.coded is not None:
        coded = design.coded
        arrays |= {"t": np.array(coded.code.t), "hashes": coded.hashes}
        arrays |= {"offsets": coded.offsets, "rows": coded.rows}
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    content = file.getvalue()
    return crc32(content).to_bytes(_CHECKSUM, "little") + content


def design_from(record: bytes) -> Design | None:
    """Return the design of a record; None if that is damaged, or of another version."""
    content = record[_CHECKSUM:]
    if crc32(content).to_bytes(_CHECKSUM, "little") != record[:_CHECKSUM]:
        return None
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        arrays = dict(file)
    try:
        plan = Plan(**json.loads(arrays["plan"].tobytes()))
    except TypeError:
        return None
    masks = np.unpackbits(arrays["masks"], axis=1, count=plan.n).astype(bool)
    coded = None
    if "t" in arrays:
        code = bch(plan.n, int(arrays["t"]))
        coded = CodedDesign(code, arrays["hashes"], arrays["offsets"], arrays["rows"])
    n_structured, n_known = arrays["counts"].tolist()
    return Design(plan, masks, n_structured, coded, n_known)
