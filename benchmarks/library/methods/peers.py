"""The parent's side of `workers.peer_estimators`: starts it, sends requests, answers its questions."""

from __future__ import annotations

import json
import selectors
import subprocess
from collections.abc import Callable
from time import monotonic
from typing import Any

import numpy as np

from library.measure.processes import environment, worker
from library.methods.messages import pack_masks, pack_values, unpack_masks

__all__ = ["Peer"]

Value = Callable[[np.ndarray], np.ndarray]


class Peer:
    """A worker process of the peers' interpreter, restarted when a method takes too long.

    Parameters
    ----------
    python : str
        An interpreter that has spectralexplain, shapiq, lightgbm and xgboost.
    limit : float
        Seconds, without those of the model, after which a method is stopped.
    """

    def __init__(self, python: str, limit: float) -> None:
        self._python, self._limit = python, limit
        self._process: subprocess.Popen[bytes] | None = None
        self._versions: dict[str, str] = {}

    def __call__(self, method: str, n: int, budget: int, seed: int, value: Value) -> dict[str, Any]:
        """Let a method ask for the values it wants; return its report."""
        return self._run({"method": method, "n": n, "budget": budget, "seed": seed}, value)

    def fitted(self, method: str, masks: np.ndarray, values: np.ndarray) -> dict[str, Any]:
        """Give a method the samples it shall work with; return its report."""
        samples = {"masks": pack_masks(masks), "shape": masks.shape, "values": pack_values(values)}
        return self._run({"method": method, "n": masks.shape[1], **samples}, None)

    def versions(self) -> dict[str, str]:
        """Return the versions of the interpreter's packages."""
        self._started()
        return self._versions

    def stop(self) -> None:
        """End the worker."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _run(self, request: dict[str, Any], value: Value | None) -> dict[str, Any]:
        process = self._started()
        self._send(process, request)
        left = self._limit
        while True:
            start = monotonic()
            message = self._receive(process, left)
            left -= monotonic() - start
            if message is None:
                self.stop()
                return {"failed": f"over {self._limit:.0f} s"}
            if "ask" not in message:
                return message
            assert value is not None
            self._send(
                process, {"values": pack_values(value(unpack_masks(message["ask"], message["shape"])))}
            )

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [self._python, "-W", "ignore", worker("peer_estimators")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment(own=False, threads=1) | {"LOKY_MAX_CPU_COUNT": "1"},
                bufsize=0,
            )
            hello = self._receive(self._process, 120)
            if hello is None or "failed" in hello:
                raise SystemExit("The peers' interpreter does not answer.")
            self._versions = hello["versions"]
        return self._process

    @staticmethod
    def _send(process: subprocess.Popen[bytes], message: dict[str, Any]) -> None:
        assert process.stdin is not None
        data = memoryview(json.dumps(message).encode() + b"\n")
        while data:
            data = data[process.stdin.write(data) :]

    @staticmethod
    def _receive(process: subprocess.Popen[bytes], seconds: float) -> dict[str, Any] | None:
        """Read a line; None when it takes too long."""
        assert process.stdout is not None
        end, parts = monotonic() + seconds, []
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not (parts and parts[-1].endswith(b"\n")):
                if not selector.select(max(0.0, end - monotonic())):
                    return None
                parts.append(process.stdout.read(1 << 20))
                if not parts[-1]:
                    return {"failed": f"its process ended: {process.wait()}"}
        return json.loads(b"".join(parts))
