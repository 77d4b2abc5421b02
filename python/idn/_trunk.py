"""Running a trunk up to its exits: as a chain of modules where it is one, else by hooks.

Two ways, because neither is enough. A chain of nested `nn.Sequential` can be cut exactly, costs nothing and
is what `torch.export` and `torch.compile` like. In any other module the live values at an exit are unknown,
so its own `forward` has to run: with hooks when all exits are wanted, and in a thread that waits in the hooks
when it may be left early. A hook that raises would stop early too, but going on would then mean computing
again.
"""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import nn

__all__ = ["Segments", "chain_of", "run", "stream"]

Segments = list[list[nn.Module]]
Visit = Callable[[int, torch.Tensor], None]


def chain_of(trunk: nn.Module, names: Sequence[str]) -> tuple[list[str], Segments] | None:
    """Cut a trunk of nested `nn.Sequential` at its exits.

    :returns: the names in the order of execution and the modules between them, the last list being what
        follows the last exit; None where an exit lies inside anything but an ordinary `nn.Sequential` without
        hooks.
    """
    order: list[str] = []
    segments: Segments = [[]]

    def add(module: nn.Module, name: str) -> bool:
        prefix = f"{name}." if name else ""
        if any(exit_name.startswith(prefix) and exit_name != name for exit_name in names):
            if not _is_ordinary_sequential(module):
                return False
            if not all(
                add(child, prefix + key) for key, child in module._modules.items() if child is not None
            ):
                return False
        else:
            segments[-1].append(module)
        if name and name in names:
            order.append(name)
            segments.append([])
        return True

    return (order, segments) if add(trunk, "") else None


def _is_ordinary_sequential(module: nn.Module) -> bool:
    return (
        type(module).forward is nn.Sequential.forward
        and "forward" not in vars(module)
        and module._compiled_call_impl is None
        and not (
            module._forward_hooks
            or module._forward_pre_hooks
            or module._backward_hooks
            or module._backward_pre_hooks
        )
    )


def run(trunk: nn.Module, names: Sequence[str], x: torch.Tensor, visit: Visit) -> torch.Tensor:
    """Run `trunk(x)` and call `visit(index, features)` whenever the submodule `names[index]` has run."""
    with _hooks(trunk, names, visit):
        output: torch.Tensor = trunk(x)
    return output


def stream(
    trunk: nn.Module, names: Sequence[str], x: torch.Tensor
) -> Generator[tuple[int, torch.Tensor], None, None]:
    """Yield (index, features) as the trunk reaches its exits, then (len(names), output).

    `trunk.forward` runs in a thread of its own that waits at each exit until it is asked to go on, or is
    unwound when the generator is closed. The two never run at the same time.
    """
    go_on: queue.SimpleQueue[bool] = queue.SimpleQueue()
    reached: queue.SimpleQueue[tuple[int, torch.Tensor] | BaseException] = queue.SimpleQueue()
    inherit = _inherited_state(x)

    def visit(index: int, features: torch.Tensor) -> None:
        reached.put((index, features))
        if not go_on.get():
            raise _Stop

    def work() -> None:
        try:
            with inherit():
                if go_on.get():
                    reached.put((len(names), run(trunk, names, x, visit)))
        except _Stop:
            pass
        except BaseException as error:  # handed to the thread that asked
            reached.put(error)

    # Daemonic, so that a generator somebody forgot to close cannot keep the interpreter alive.
    worker = threading.Thread(
        target=contextvars.copy_context().run, args=(work,), name="idn-trunk", daemon=True
    )
    worker.start()
    try:
        index = -1
        while index < len(names):
            go_on.put(True)
            answer = reached.get()
            if isinstance(answer, BaseException):
                raise answer
            index = answer[0]
            yield answer
    finally:
        go_on.put(False)
        worker.join()


class _Stop(BaseException):
    """Unwinds a trunk that nobody waits for."""


@contextmanager
def _hooks(trunk: nn.Module, names: Sequence[str], visit: Visit) -> Iterator[None]:
    # Another thread may be running the same trunk meanwhile, alone or for a stream of its own.
    # Compiled code cannot ask which thread it is in.
    owner = 0 if torch.compiler.is_compiling() else threading.get_ident()

    def hook_for(index: int) -> Callable[[nn.Module, object, object], None]:
        def hook(_module: nn.Module, _inputs: object, features: object) -> None:
            if owner and not torch.compiler.is_compiling() and threading.get_ident() != owner:
                return
            if not isinstance(features, torch.Tensor):
                raise ValueError(
                    f"the output of submodule {names[index]!r} is a {type(features).__name__}; "
                    "an exit needs a submodule that returns one tensor."
                )
            visit(index, features)

        return hook

    with ExitStack() as stack:
        for index, name in enumerate(names):
            handle = trunk.get_submodule(name).register_forward_hook(hook_for(index))
            stack.callback(handle.remove)
        yield


def _inherited_state(x: torch.Tensor) -> Callable[[], ExitStack]:
    """Capture what torch keeps per thread, to set it in another one."""
    gradients = torch.is_grad_enabled()
    inference = torch.is_inference_mode_enabled()
    autocast = [
        (kind, torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind))
        for kind in {"cpu", x.device.type}
        if kind in ("cpu", "cuda")
    ]
    cuda_stream = torch.cuda.current_stream(x.device) if x.device.type == "cuda" else None

    def enter() -> ExitStack:
        stack = ExitStack()
        stack.enter_context(torch.inference_mode(inference))
        stack.enter_context(torch.set_grad_enabled(gradients))
        for kind, enabled, dtype in autocast:
            stack.enter_context(torch.autocast(kind, dtype, enabled=enabled))
        if cuda_stream is not None:
            stack.enter_context(torch.cuda.stream(cuda_stream))
        return stack

    return enter
