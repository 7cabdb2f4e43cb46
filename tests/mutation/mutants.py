"""Mutants: a module with one thing changed, each of them a mistake that a test must notice.

    operators       + and -, * and /, & and |, and … swapped; the operands swapped where they do not commute, or one
                    dropped; a sign flipped
    comparisons     < and <=, > and >=, == and !=, is, in: each turned into its neighbours; a condition that always,
                    or never, holds
    numbers         one more, one less, its sign flipped; a float 0.1 % off
    names           a variable by another one of its function; sin by cos, exp by expm1, operator.ge by operator.gt …
    calls           two arguments swapped; f(x) by x
    sequences       two entries swapped, the end of a slice or the condition of a comprehension dropped
    statements      left out; += by =, a value returned by none, continue by nothing, an except that catches nothing

Left alone: text, and with it whatever stands in a raise statement; assertions, which say what cannot happen; types,
decorators and imports; the range in which a card is sampled (`probe`), where any numbers will do.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

SWAPPED: dict[type[ast.AST], tuple[type[Any], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
PAIRS = "sin cos, sinh cosh, tan tanh, exp expm1, log log1p, maximum minimum, max min, any all, add sub, mul truediv"
PAIRS += ", lt le, gt ge, sqrt abs, zeros ones, extend append, floor ceil, less less_equal, greater greater_equal"
PARTNER = {a: b for pair in PAIRS.split(", ") for a, b in (pair.split(), reversed(pair.split()))}
UNTOUCHED = (ast.Import, ast.ImportFrom, ast.Assert, ast.Global, ast.Nonlocal, ast.expr_context)
FUNCTIONS = (ast.FunctionDef, ast.Lambda)
SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Raise, ast.Delete, ast.For, ast.While)
MANY = 3  # variables of a rule, of which each is replaced by every other; in a longer function, by the next


@dataclass(frozen=True)
class Slot:
    """A place in a syntax tree: a field of a node, and where that is a list, the place in it."""

    parent: ast.AST
    field: str
    index: int | None

    def get(self) -> Any:
        """Return the node that is there."""
        found = getattr(self.parent, self.field)
        return found if self.index is None else found[self.index]

    def put(self, node: ast.AST) -> None:
        """Put another node there."""
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


@dataclass(frozen=True)
class Mutant:
    """One change of one module."""

    path: str  # of the module, from the root of the repository
    place: str  # the function it is in, or the name that a module gives a thing
    before: str  # the statement, or as much of a long one as shows the change
    after: str
    line: int
    slot: Slot
    node: ast.AST
    tree: ast.Module

    def __str__(self) -> str:
        return f"{self.path} {self.place}: {self.before}  →  {self.after}"

    def code(self) -> CodeType:
        """Return the module with this change, and leave it so: a mutant has a process of its own."""
        self.slot.put(ast.copy_location(self.node, self.slot.get()))
        return compile(ast.fix_missing_locations(self.tree), self.path, "exec")


def mutants(path: str, source: str) -> list[Mutant]:
    """Return every mutant of a module, in the order of its lines; no two read alike."""
    tree = ast.parse(source)
    met: Counter[tuple[str, str, str]] = Counter()
    unique: set[tuple[int, str]] = set()
    made = []
    for chain in slots(tree, ()):
        for node in variants(chain):
            unit = shown(chain)
            before, after = told(unit, chain[-1], node)
            if before == after or (id(unit.get()), after) in unique:
                continue
            unique.add((id(unit.get()), after))
            place = place_of(chain)
            met[place, before, after] += 1
            nth = met[place, before, after]
            line = max(getattr(slot.get(), "lineno", 0) for slot in chain)
            after += f"  (no. {nth})" if nth > 1 else ""
            made.append(Mutant(path, place, before, after, line, chain[-1], node, tree))
    return made


def read(root: Path, path: str) -> list[Mutant]:
    """Return every mutant of a file of the repository."""
    return mutants(path, (root / path).read_text("utf-8"))


# ------------------------------------------------------------------------------------------------ where a change may be

Chain = tuple[Slot, ...]  # from the module down to one node


def slots(node: ast.AST, chain: Chain) -> Iterator[Chain]:
    """Walk over all that may be changed."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list") or (isinstance(node, ast.Raise) and chain):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            text = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
            probe = "probe" in (getattr(child, "arg", ""), getattr(getattr(child, "target", None), "id", ""))
            if isinstance(child, ast.AST) and not isinstance(child, UNTOUCHED) and not text and not probe:
                below = (*chain, Slot(node, field, index))
                yield below
                yield from slots(child, below)


def place_of(chain: Chain) -> str:
    """Return the names of the functions around a node, or that of the thing which a module makes with it."""
    around = [slot.get() for slot in chain]
    names = [node.name for node in around if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    if not names and isinstance(around[0], (ast.Assign, ast.AnnAssign)):
        target = around[0].targets[0] if isinstance(around[0], ast.Assign) else around[0].target
        names = [ast.unparse(target)]
    return ".".join(names)


def shown(chain: Chain) -> Slot:
    """Return the largest part of a statement, the statement itself if it may be, that fits a line with the change."""
    first = max(i for i, slot in enumerate(chain) if i == 0 or isinstance(slot.get(), ast.stmt))
    for slot in chain[first:]:
        text = ast.unparse(slot.get())
        if len(text) <= 120 and "\n" not in text:
            return slot
    return chain[-1]


def told(unit: Slot, slot: Slot, node: ast.AST) -> tuple[str, str]:
    """Return the text of a unit before and after a change."""
    kept, before = slot.get(), ast.unparse(unit.get())
    slot.put(node)
    after = ast.unparse(unit.get())
    slot.put(kept)
    return before, after


def variables(chain: Chain) -> list[str]:
    """Return the variables of the innermost function around a node."""
    inside = [slot.get() for slot in chain[:-1] if isinstance(slot.get(), FUNCTIONS)]
    if not inside:
        return []
    function = inside[-1]
    names = [node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)]
    body = function.body if isinstance(function.body, list) else [function.body]
    found = [node for statement in body for node in ast.walk(statement)]
    names += [node.id for node in found if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    return list(dict.fromkeys(names))


# ---------------------------------------------------------------------------------------------------------- the changes


def variants(chain: Chain) -> Iterator[ast.AST]:
    """Return what may stand in a node's place."""
    node, parent, field = chain[-1].get(), chain[-1].parent, chain[-1].field
    if isinstance(node, ast.stmt):
        if any(isinstance(slot.get(), ast.FunctionDef) for slot in chain[:-1]):
            yield from statements(node)
        return
    if isinstance(parent, (ast.If, ast.While)) and field == "test":
        yield from (ast.Constant(value) for value in (True, False) if value is False or isinstance(parent, ast.If))
    if isinstance(parent, ast.ExceptHandler) and field == "type":
        yield ast.Tuple([], ast.Load())
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield from names(node, variables(chain))
    if signed(chain):
        yield ast.UnaryOp(ast.USub(), node)
    if isinstance(node, (ast.operator, ast.cmpop, ast.boolop)):
        yield from (kind() for kind in SWAPPED.get(type(node), ()))
    yield from expressions(node, inside=any(isinstance(slot.get(), FUNCTIONS) for slot in chain[:-1]))


def signed(chain: Chain) -> bool:
    """Tell whether a node is a number in a formula, so that its sign may be wrong; of a product, that of the whole."""
    node, parent = chain[-1].get(), chain[-1].parent
    if not isinstance(node, (ast.Name, ast.Call, ast.Attribute, ast.Subscript, ast.BinOp)):
        return False
    if isinstance(parent, ast.BinOp):
        sums = isinstance(parent.op, (ast.Add, ast.Sub, ast.Pow))
        return sums and not any(map(is_sequence, (parent.left, parent.right)))
    if isinstance(parent, (ast.Return, ast.Assign)):
        return isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div))
    rule = any(isinstance(slot.get(), ast.Lambda) for slot in chain[:-1])
    return rule and isinstance(parent, (ast.Lambda, ast.Tuple, ast.Call)) and chain[-1].field != "func"


def names(node: ast.Name, known: list[str]) -> Iterator[ast.AST]:
    """Return another variable of the same function, or the function that a name is most easily mistaken for."""
    if node.id in known:
        at = known.index(node.id)
        others = known[at + 1 :] + known[:at]
        yield from (ast.Name(other, ast.Load()) for other in (others if len(known) <= MANY else others[:1]))
    elif node.id in PARTNER:
        yield ast.Name(PARTNER[node.id], ast.Load())


def expressions(node: ast.AST, inside: bool) -> Iterator[ast.AST]:
    """Return the variants of an expression by its kind; sequences outside of functions are data, in any order."""
    match node:
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield from (ast.Constant(x) for x in (value + 1, value - 1))
        case ast.Constant(value=float(value)):
            yield from (ast.Constant(x) for x in ((float(f"{1.001 * value:.6g}"), -value) if value else (1.0,)))
        case ast.BinOp(left=left, op=op, right=right):
            yield from (left, right)
            concatenated = isinstance(op, ast.Add) and any(map(is_sequence, (left, right)))
            if concatenated or not isinstance(op, (ast.Add, ast.Mult, ast.BitAnd, ast.BitOr)):
                yield ast.BinOp(right, op, left)
        case ast.BoolOp(op=op, values=values):
            rests = [values[:i] + values[i + 1 :] for i in range(len(values))]
            yield from (ast.BoolOp(op, rest) if len(rest) > 1 else rest[0] for rest in rests)
        case ast.UnaryOp(operand=operand) if not isinstance(operand, ast.Constant):
            yield operand
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            yield operand
        case ast.IfExp(body=body, orelse=orelse):
            yield from (body, orelse)
        case ast.Attribute(value=value, attr=attr, ctx=ctx) if attr in PARTNER:
            yield ast.Attribute(value, PARTNER[attr], ctx)
        case ast.Call(func=func, args=args, keywords=keywords):
            yield from (ast.Call(func, swap, keywords) for swap in swaps(args))
            if len(args) == 1 and not keywords and not isinstance(args[0], ast.Starred):
                yield args[0]
        case ast.Tuple(elts=elts, ctx=ast.Load()) | ast.List(elts=elts, ctx=ast.Load()) if inside:
            yield from (type(node)(swap, ast.Load()) for swap in swaps(elts))
        case ast.Slice(lower=lower, upper=upper, step=step):
            yield from (ast.Slice(None, upper, step), ast.Slice(lower, None, step), ast.Slice(lower, upper, None))
        case ast.comprehension(target=target, iter=source, ifs=ifs, is_async=is_async) if ifs:
            yield ast.comprehension(target, source, [], is_async)


def is_sequence(node: ast.AST) -> bool:
    """Tell whether an operand is seen to be text or a sequence: of those, sums do not commute."""
    sliced = isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice)
    text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return sliced or text or isinstance(node, (ast.JoinedStr, ast.Tuple, ast.List, ast.ListComp))


def swaps(entries: list[Any]) -> Iterator[list[Any]]:
    """Return a list with two neighbours swapped, for every two neighbours."""
    for i in range(len(entries) - 1):
        yield [*entries[:i], entries[i + 1], entries[i], *entries[i + 2 :]]


def statements(node: ast.stmt) -> Iterator[ast.AST]:
    """Return what may stand in the place of a statement."""
    match node:
        case ast.Return(value=value) if value is not None and ast.unparse(value) != "None":
            yield ast.Return(None)
        case ast.AugAssign(target=target, op=op, value=value):
            yield from (ast.AugAssign(target, kind(), value) for kind in SWAPPED.get(type(op), ()))
            yield ast.Assign([target], value, lineno=node.lineno)
        case ast.With(body=body):
            yield ast.If(ast.Constant(True), body, [])
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody) if finalbody:
            yield ast.Try(body, handlers, orelse, [ast.Pass()]) if handlers else ast.If(ast.Constant(True), body, [])
    if isinstance(node, (*SIMPLE, ast.Continue, ast.Break)):
        yield ast.Pass()
