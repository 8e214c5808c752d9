"""The parent's side of `_peer_worker.py`: starts it, sends a request, answers its questions, counts them."""

from __future__ import annotations

import base64
import json
import os
import selectors
import subprocess
from collections.abc import Callable
from time import monotonic
from typing import Any

import numpy as np
from _harness import HERE, THREAD_VARIABLES

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
        self.versions: dict[str, str] = {}

    def __call__(self, method: str, n: int, budget: int, seed: int, value: Value) -> dict[str, Any]:
        """Let a method ask for the values it wants; return its report."""
        return self._run({"method": method, "n": n, "budget": budget, "seed": seed}, value)

    def fitted(self, method: str, masks: np.ndarray, values: np.ndarray) -> dict[str, Any]:
        """Give a method the samples it shall work with; return its report."""
        samples = {"masks": _packed(masks), "shape": masks.shape, "values": _encoded(values)}
        return self._run({"method": method, "n": masks.shape[1], **samples}, None)

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
            self._send(process, {"values": _encoded(value(_unpacked(message["ask"], message["shape"])))})

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            environment = dict.fromkeys((*THREAD_VARIABLES, "LOKY_MAX_CPU_COUNT"), "1")
            environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | environment
            self._process = subprocess.Popen(
                [self._python, "-W", "ignore", str(HERE / "_peer_worker.py")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment,
                bufsize=0,
            )
            hello = self._receive(self._process, 120)
            if hello is None or "failed" in hello:
                raise SystemExit("The peers' interpreter does not answer.")
            self.versions = hello["versions"]
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


def _packed(masks: np.ndarray) -> str:
    return base64.b64encode(np.packbits(masks, axis=1).tobytes()).decode()


def _unpacked(text: str, shape: list[int]) -> np.ndarray:
    rows = np.frombuffer(base64.b64decode(text), np.uint8).reshape(shape[0], -1)
    return np.unpackbits(rows, axis=1, count=shape[1]).astype(bool)


def _encoded(values: np.ndarray) -> str:
    return base64.b64encode(np.asarray(values, dtype=np.float64).tobytes()).decode()
