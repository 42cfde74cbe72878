"""The frontier for people: an aligned table for a terminal, and one small SVG figure that needs nothing else.

Computes no figure of its own; what is not in the `Frontier` is not shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from rejoinder.feedback.frontier import ASK_ALL, Choice, Frontier, Point
from rejoinder.feedback.resampling import Interval

_WIDTH, _HEIGHT = 640, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 20, 56, 60
_STEP = 0.05
_KINDS = {
    "risk": "at most {limit:.1%} of the final labels wrong",
    "asked": "at most {limit:.1%} of the turns asked",
    "requests": "at most {limit:.3f} conversations asked per turn",
}


def render(found: Frontier) -> str:
    """The curve as a table, then one paragraph for each target."""
    missed = sum(found.unscored.values())
    head = [
        f"{found.n + missed} labelled turns: {found.n} judged, in {found.conversations} conversations; {missed} not judged",
        *(f"  {count} not judged: {reason}" for reason, count in found.unscored.items()),
        f"View: {found.view}. Labels by {found.labeller or 'an unnamed classifier'};",
        f"  turns below the threshold are asked of {found.asked_of}",
        *([f"  {found.no_answer} turns without a readable answer keep the classifier's label"] if found.no_answer else []),
        f"[low, high]: 95 % interval, {found.draws:,} bootstrap draws over conversations, seed {found.seed};",
        f"  Wilson's for a share without spread; design effect of the classifier's errors {found.design_effect:.2f}",
    ]
    return "\n\n".join(["\n".join(head), _table(list(_rows(found))), *(_choice(one, found) for one in found.choices)]) + "\n"


def figure(found: Frontier) -> str:
    """An SVG: error of the final labels (with its band) and selective risk, against the share of turns asked."""
    points = _distinct(found.points)
    top = _ceiling([high for p in points for high in [(p.intervals["error"] or (0.0, p.error))[1], p.answered_error or 0.0]])
    xs = [_x(p.asked / found.n) for p in points]
    spans = [p.intervals["error"] or (p.error, p.error) for p in points]
    upper = [f"{x:.1f},{_y(span[1], top):.1f}" for x, span in zip(xs, spans, strict=True)]
    lower = [f"{x:.1f},{_y(span[0], top):.1f}" for x, span in zip(xs, spans, strict=True)]
    error = " ".join(f"{x:.1f},{_y(p.error, top):.1f}" for x, p in zip(xs, points, strict=True))
    alone = [(x, p.answered_error) for x, p in zip(xs, points, strict=True) if p.answered_error is not None]
    risk = " ".join(f"{x:.1f},{_y(value, top):.1f}" for x, value in alone)
    title = f"{found.n} labelled turns in {found.conversations} conversations, {found.view}-way view"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="20" font-size="14">Error of the final labels against the share of turns asked</text>',
        f'<text x="{_LEFT}" y="38" fill="#555">{escape(title)}; band: 95 % interval</text>',
        *_axes(top),
        f'<polygon points="{" ".join([*upper, *reversed(lower)])}" fill="#2a6f97" fill-opacity="0.18"/>',
        f'<polyline points="{error}" fill="none" stroke="#2a6f97" stroke-width="2"/>',
        f'<polyline points="{risk}" fill="none" stroke="#a4161a" stroke-width="1.5" stroke-dasharray="5 3"/>',
        *_legend(),
        *(_mark(one, found, top) for one in found.choices if one.threshold is not None),
        "</svg>",
    ]) + "\n"  # fmt: skip


def _rows(found: Frontier) -> Iterable[tuple[str, ...]]:
    yield (
        "ask below",
        "turns asked",
        "conversations",
        "error of final labels",
        "error of those not asked",
        "macro-F1",
        "$/1,000",
    )
    for p in _shown(found):
        yield (
            "always" if p.threshold == ASK_ALL else "never" if p.threshold == 0 else f"{p.threshold:.2f}",
            f"{p.asked} ({p.asked / found.n:.0%})",
            f"{p.requests} ({p.requests / found.conversations:.0%})",
            _with(p.error, p.intervals["error"]),
            f"{_with(p.answered_error, p.intervals['answered_error'])} of {p.answered}",
            _with(p.macro_f1, p.intervals["macro_f1"]),
            "-" if p.cost is None else f"{p.cost:.3f}",
        )


def _choice(one: Choice, found: Frontier) -> str:
    told = f"Target: {_KINDS[one.target.kind].format(limit=one.target.limit)}, with {one.target.level:.0%} confidence."
    if one.threshold is None:
        return (
            f"{told}\nNo threshold can be promised to keep to it with {found.n} turns in {found.conversations} conversations."
        )
    where = "always" if one.threshold == ASK_ALL else f"below a probability of {one.threshold:.2f}"
    point = next(p for p in found.points if p.threshold == one.threshold)
    return "\n".join([
        told,
        f"Ask {where} (bound {one.bound:.3f}); on all {found.n} turns that is {point.asked} asked, error {point.error:.3f}.",
        f"Threshold chosen on four fifths of the conversations, measured on the others: {one.held_out_asked:.1%} asked,"
        f" error {_with(one.held_out_error, one.held_out_error_interval)} of {found.n}.",
    ])  # fmt: skip


def _shown(found: Frontier) -> list[Point]:
    """A line for every twentieth of the turns asked, and for what was chosen; JSON has all points."""
    chosen, kept = {one.threshold for one in found.choices}, list[Point]()
    points = _distinct(found.points)
    for p in points:
        if p is points[-1] or p.threshold in chosen or not kept or p.asked >= kept[-1].asked + _STEP * found.n:
            kept.append(p)
    return kept


def _distinct(points: Sequence[Point]) -> list[Point]:
    """Of thresholds that ask the same turns only the first: the table would say the same line again."""
    return [p for i, p in enumerate(points) if i == 0 or p.asked != points[i - 1].asked]


def _with(value: float | None, interval: Interval) -> str:
    if value is None:
        return "-"
    return f"{value:.3f} [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else f"{value:.3f} [no interval]"


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )  # fmt: skip


def _x(share: float) -> float:
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _y(value: float, top: float) -> float:
    return _HEIGHT - _BOTTOM - value / top * (_HEIGHT - _TOP - _BOTTOM)


def _ceiling(values: Sequence[float]) -> float:
    most = max(values, default=0.0)
    return next((step for step in (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75) if step >= most), 1.0)


def _axes(top: float) -> Iterable[str]:
    for step in range(6):
        share, value = step / 5, top * step / 5
        yield f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{_y(value, top):.1f}" y2="{_y(value, top):.1f}" stroke="#ddd"/>'
        yield f'<text x="{_LEFT - 8}" y="{_y(value, top) + 4:.1f}" text-anchor="end">{value:.0%}</text>'
        yield f'<text x="{_x(share):.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{share:.0%}</text>'
    yield f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2:.0f}" y="{_HEIGHT - 20}" text-anchor="middle">share of turns asked</text>'


def _legend() -> Iterable[str]:
    for row, (colour, words) in enumerate((("#2a6f97", "all final labels"), ("#a4161a", "those not asked (selective risk)"))):
        y = _TOP + 12 + 18 * row
        yield f'<line x1="{_WIDTH - 260}" x2="{_WIDTH - 236}" y1="{y - 4}" y2="{y - 4}" stroke="{colour}" stroke-width="2"/>'
        yield f'<text x="{_WIDTH - 228}" y="{y}">{words}</text>'


def _mark(one: Choice, found: Frontier, top: float) -> str:
    point = next(p for p in found.points if p.threshold == one.threshold)
    told = escape(_KINDS[one.target.kind].format(limit=one.target.limit))
    place = f'cx="{_x(point.asked / found.n):.1f}" cy="{_y(point.error, top):.1f}"'
    return f'<circle {place} r="5" fill="#2a6f97"><title>{told}: ask below {one.threshold:.2f}</title></circle>'
