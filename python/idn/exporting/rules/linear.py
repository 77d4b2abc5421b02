"""Products of matrices."""

from __future__ import annotations

from idn.exporting.call import Call
from idn.exporting.registry import rule
from idn.exporting.rules.arithmetic import number
from idn.exporting.tape import Value


@rule("aten.linear.default")
def _linear(call: Call) -> Value:
    return call.emit("linear", call.value("input"), call.value("weight"), call.optional("bias"))


@rule("aten.mm.default", "aten.bmm.default")
def _matrices(call: Call) -> Value:
    return call.emit("matrix_multiply", call.value("self"), call.value("mat2"))


@rule("aten.matmul.default", "aten.mv.default", "aten.dot.default")
def _multiply(call: Call) -> Value:
    second = next(name for name in ("other", "vec", "tensor") if call.bound(name) is not None)
    one, other = call.type("self"), call.type(second)
    first_value, second_value = call.value("self"), call.value(second)
    if one.rank == 1:
        first_value = call.reshape(first_value, one, 1, one.shape[0])
    if other.rank == 1:
        second_value = call.reshape(second_value, other, other.shape[0], 1)
    product = call.emit("matrix_multiply", first_value, second_value)
    if one.rank > 1 and other.rank > 1:
        return product
    return call.emit("reshape", product, shape=list(call.result.shape))


@rule("aten.addmm.default", "aten.baddbmm.default")
def _add_product(call: Call) -> Value:
    batched = "baddbmm" in str(call.node.target)
    first, second = ("batch1", "batch2") if batched else ("mat1", "mat2")
    product = call.emit("matrix_multiply", call.value(first), call.value(second))
    added = call.value("self")
    alpha, beta = call.number("alpha"), call.number("beta")
    if alpha != 1:
        product = call.emit("multiply", product, number(call, alpha))
    if beta == 0:
        return product
    if beta != 1:
        added = call.emit("multiply", added, number(call, beta))
    return call.emit("add", added, product)
