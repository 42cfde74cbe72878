"""Conversations that the tool keeps as a tree: the branch to read, and what stood beside it.

Knows no tool's fields: a reader says who is whose parent, what was said and when.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from rejoinder.ingest.content import text_of
from rejoinder.ingest.draft import DraftMessage
from rejoinder.ingest.readers.shape import key, prose, sound
from rejoinder.ingest.times import seconds
from rejoinder.records import Alternative, Signal


@dataclass(slots=True)
class Node:
    """One place in the tree; `message` is None where it shows nothing (roots, hidden contexts, calls of tools)."""

    id: str
    parent: str | None
    message: DraftMessage | None
    time: float = 0.0
    children: list[str] = field(default_factory=list)


def plant(nodes: list[Node]) -> dict[str, Node]:
    """The tree by id, children in the order of the log; of two nodes with one id the first stays."""
    tree: dict[str, Node] = {}
    for node in nodes:
        tree.setdefault(node.id, node)
    for node in tree.values():
        if node.parent is not None and node.parent in tree:
            tree[node.parent].children.append(node.id)
    return tree


def newest_leaf(tree: Mapping[str, Node], under: str | None = None) -> str | None:
    """The leaf with the latest time, the last in the log among equals; `under` limits it to one node's descendants."""
    reachable = list(tree) if under is None else _below(tree, under)
    leaves = [id_ for id_ in reachable if not tree[id_].children] or reachable[-1:]
    return max(reversed(leaves), key=lambda id_: tree[id_].time, default=None)


def branch(tree: Mapping[str, Node], leaf: str | None) -> list[Node]:
    """The nodes from the root to a leaf; ends at a missing parent, and at the first repetition of a cycle."""
    path: dict[str, Node] = {}
    while leaf is not None and leaf in tree and leaf not in path:
        path[leaf] = tree[leaf]
        leaf = tree[leaf].parent
    return list(reversed(path.values()))


def linearise(tree: Mapping[str, Node], leaf: str | None) -> list[DraftMessage]:
    """The messages of one branch; each answer that stood beside it, and each earlier wording, is an alternative.

    A regenerated answer that took several messages (calls of tools between them) becomes one alternative: its texts.
    It is kept on the last answer of the branch before the next user message, an edited request on the request.
    """
    path = branch(tree, leaf)
    chosen = {node.id for node in path}
    spoken = [(place, node.message) for place, node in enumerate(path) if node.message is not None]
    beside: dict[int, list[Alternative]] = {}
    for place, child in enumerate(path):
        siblings = [id_ for id_ in _siblings(tree, child, is_root=place == 0) if id_ not in chosen]
        for role, alternative in filter(None, (_said(tree, id_) for id_ in siblings)):
            owner = _owner(spoken, place, role)
            if owner is not None:
                beside.setdefault(owner, []).append(alternative)
    return [replace(message, alternatives=(*message.alternatives, *beside.get(place, ()))) for place, message in spoken]


def _below(tree: Mapping[str, Node], top: str) -> list[str]:
    found: dict[str, None] = {}
    waiting = [top] if top in tree else []
    while waiting:
        id_ = waiting.pop()
        if id_ not in found:
            found[id_] = None
            waiting.extend(reversed(tree[id_].children))
    return list(found)


def _siblings(tree: Mapping[str, Node], child: Node, *, is_root: bool) -> list[str]:
    if child.parent is not None and child.parent in tree:
        return tree[child.parent].children
    return [node.id for node in tree.values() if node.parent == child.parent] if is_root else []


def _said(tree: Mapping[str, Node], top: str) -> tuple[str, Alternative] | None:
    """The first message below a node, with the further messages of its role up to the next speaker."""
    run: list[DraftMessage] = []
    seen: set[str] = set()
    id_: str | None = top
    while id_ is not None and id_ not in seen:
        seen.add(id_)
        message = tree[id_].message
        if message is not None and message.role in ("user", "assistant"):
            if run and message.role != run[0].role:
                break
            run.append(message)
        children = tree[id_].children
        id_ = max(reversed(children), key=lambda child: tree[child].time, default=None)
    return (str(run[0].role), _alternative(run)) if run and prose([m.content for m in run]) else None


def _alternative(run: list[DraftMessage]) -> Alternative:
    texts = [sound(text) for text in (text_of(message.content) for message in run) if text.strip()]
    return Alternative(
        content="\n\n".join(texts),
        model=key(run[-1].model) or None,
        id=key(run[-1].id) or None,
        signals=tuple(signal for message in run for signal in message.signals),
    )


def _owner(spoken: list[tuple[int, DraftMessage]], place: int, role: str) -> int | None:
    """Place of the branch's own message that an alternative belongs to: the request, or the last answer of its run."""
    owner = None
    for at, message in spoken:
        if at < place or message.role not in ("user", "assistant"):
            continue
        if message.role != role:
            return owner
        owner = at
        if role == "user":
            return owner
    return owner


def when(value: object) -> float:
    """Seconds since 1970, 0.0 where there is no time: for ordering only."""
    return seconds(value) or 0.0


def place_signals(messages: list[DraftMessage], signals: Mapping[str, tuple[Signal, ...]]) -> set[str]:
    """Give messages and their alternatives the signals kept under their ids; returns the ids that were found."""
    found: set[str] = set()
    for message in messages:
        mine = key(message.id)
        if mine in signals:
            message.signals = (*message.signals, *signals[mine])
            found.add(mine)
        message.alternatives = tuple(_with_signals(sibling, signals) for sibling in message.alternatives)
        found.update(sibling.id for sibling in message.alternatives if sibling.id is not None and sibling.id in signals)
    return found


def _with_signals(sibling: Alternative, signals: Mapping[str, tuple[Signal, ...]]) -> Alternative:
    if sibling.id is None or sibling.id not in signals:
        return sibling
    return Alternative(
        content=sibling.content,
        model=sibling.model,
        id=sibling.id,
        signals=(*sibling.signals, *signals[sibling.id]),
    )
