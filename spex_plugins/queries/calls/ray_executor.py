"""An executor of `concurrent.futures` in a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from spex_plugins.errors import InputError, MissingExtraError

__all__ = ["RayExecutor"]


class RayExecutor(Executor):
    """Runs calls as tasks of Ray, in the cluster of ``ray.init``.

    A task whose worker dies is run again by Ray, up to three times unless ``max_retries`` says otherwise.
    Tasks keep the function that they call in their worker, so that a model is loaded once in each.

    Parameters
    ----------
    workers : int, optional
        Number of tasks that run at the same time; by default as many as the resources of the cluster allow.
    **options
        Options of ``ray.remote`` for every task, such as ``num_cpus``, ``num_gpus`` or ``max_retries``.

    Raises
    ------
    InputError
        If Ray is not initialised, or its resources allow no task.
    MissingExtraError
        If Ray is not installed.
    """

    def __init__(self, workers: int | None = None, **options: Any) -> None:
        try:
            import ray
        except ImportError as error:
            raise MissingExtraError('RayExecutor needs Ray: pip install "spex-plugins[ray]".') from error
        if not ray.is_initialized():
            raise InputError("executor: Ray is not initialised; call ray.init() before.")
        self._task = ray.remote(**{"num_cpus": 1, **options})(_outcome)
        self.workers = _fitting(ray.cluster_resources(), options) if workers is None else workers
        if self.workers < 1:
            raise InputError(f"executor: the resources of the Ray cluster allow no task with {options}.")

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Submit a call.

        Parameters
        ----------
        fn : callable
            What to call.
        *args, **kwargs
            Its arguments.

        Returns
        -------
        Future
            It counts as running at once: cancelling a task would lose its answer.
        """  # numpydoc ignore=RS01
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()

        def settle(done: Future[Any]) -> None:
            try:
                result, error = done.result()
            except BaseException as lost:
                future.set_exception(lost)
            else:
                future.set_result(result) if error is None else future.set_exception(error)

        self._task.remote(fn, args, kwargs).future().add_done_callback(settle)
        return future


def _outcome(fn: Callable[..., Any], args: Any, kwargs: Any) -> tuple[Any, Exception | None]:
    """Return the result or the error of a call: Ray would wrap the error in one of its own."""
    try:
        return fn(*args, **kwargs), None
    except Exception as error:
        return None, error


def _fitting(resources: dict[str, float], options: dict[str, Any]) -> int:
    """Return how many tasks the resources of a cluster allow at the same time."""
    wanted = {"CPU": options.get("num_cpus", 1), "GPU": options.get("num_gpus", 0)}
    wanted |= options.get("resources", {})
    return min(int(resources.get(name, 0) // need) for name, need in wanted.items() if need)
