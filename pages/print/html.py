"""A document as one HTML file that needs nothing else: figures inside, real tables, made to be printed."""

from __future__ import annotations

import base64
from html import escape

from pages.print.document import (
    Block,
    Bullets,
    Code,
    Document,
    Figure,
    Heading,
    Note,
    Paragraph,
    Table,
    spans,
)

_TAGS = {"strong": "strong", "stressed": "em", "code": "code"}

STYLE = """\
:root { color-scheme: light; }
body { font: 16px/1.45 Georgia, 'Times New Roman', serif; color: #1a1a1a; background: #fff;
  max-width: 60rem; margin: 1.5rem auto; padding: 0 1rem; }
h1, h2, h3, h4 { line-height: 1.2; }
.running, .note, caption, figcaption { color: #4a4a4a; font-size: 0.88em; text-align: left; }
figure { margin: 1rem 0; } img { max-width: 100%; height: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.88em; margin: 1rem 0; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.5rem; border-bottom: 1px solid #bbb; }
thead th { border-bottom: 2px solid #1a1a1a; }
pre { white-space: pre-wrap; background: #f3f3f3; padding: 0.6rem; }
@media print {
  body { font-size: 10pt; max-width: none; margin: 0; padding: 0; }
  thead { display: table-header-group; }
  tr, figure { break-inside: avoid; }
  h2, h3, h4 { break-after: avoid; }
  .wide { overflow: visible; }
}
"""


def render(document: Document) -> bytes:
    """Return the document as the bytes of an HTML page in UTF-8."""
    logo = (
        f'<img src="{_inline(document.logo, _kind(document.logo))}" alt="Logo of'
        f' {escape(document.agency)}" height="60">\n'
        if document.logo
        else ""
    )
    body = "\n".join(_block(b) for b in document.blocks)
    page = f"""<!DOCTYPE html>
<html lang="{escape(document.lang)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="author" content="{escape(document.agency)}">
<meta name="date" content="{document.made:%Y-%m-%dT%H:%M:%SZ}">
<title>{escape(document.title)}</title>
<style>
{STYLE}</style>
</head>
<body>
<header>
{logo}<h1>{escape(document.title)}</h1>
<p class="running">{escape(document.running)} · <strong>{escape(document.mark)}</strong></p>
</header>
<main>
{body}
</main>
<footer><p class="running">{escape(document.running)} · <strong>{escape(document.mark)}</strong></p></footer>
</body>
</html>
"""
    return page.encode("utf-8")


def _kind(picture: bytes) -> str:
    return "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg"


def _inline(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _text(text: str) -> str:
    found = []
    for span in spans(text):
        tag = _TAGS.get(span.style)
        shown = escape(span.text)
        found.append(f"<{tag}>{shown}</{tag}>" if tag else shown)
    return "".join(found)


def _block(block: Block) -> str:
    match block:
        case Heading():
            return f"<h{block.level + 1}>{_text(block.text)}</h{block.level + 1}>"
        case Paragraph():
            return f"<p>{_text(block.text)}</p>"
        case Note():
            return f'<p class="note">{_text(block.text)}</p>'
        case Code():
            return f"<pre><code>{escape(block.text)}</code></pre>"
        case Bullets():
            items = "\n".join(f"<li>{_text(i)}</li>" for i in block.items)
            return f"<ul>\n{items}\n</ul>"
        case Figure():
            source = _inline(block.drawing.svg, "image/svg+xml")
            return (
                f'<figure><img src="{source}" alt="{escape(block.drawing.alt)}">'
                f"<figcaption>{_text(block.caption)}</figcaption></figure>"
            )
        case Table():
            return _table(block)


def _table(block: Table) -> str:
    head = "".join(f'<th scope="col">{_text(c)}</th>' for c in block.columns)
    rows = "\n".join(
        "<tr>" + "".join(f"<td>{_text(c)}</td>" for c in row) + "</tr>" for row in block.rows
    )
    return (
        f'<div class="wide" tabindex="0"><table>\n<caption>{_text(block.caption)}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>"
    )
