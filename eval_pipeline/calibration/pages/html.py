"""A page of figures as one HTML file that needs nothing else: no script, no address, light and dark.

Not here: what it says (`content.py`), the same page within the review app (`review/app/report_pages.py`).
"""

from collections.abc import Iterator, Mapping

from eval_pipeline.calibration.pages.content import Page, Section
from eval_pipeline.review.figures.charts import interval_chart
from eval_pipeline.review.transcript.safe_html import escape

_STYLE = """
:root { color-scheme: light dark; --ink: light-dark(#1c2430, #e6e9ee); --soft: light-dark(#566070, #a5adba);
  --line: light-dark(#d6dae1, #3a4352); --accent: light-dark(#1f5fa8, #7fb3f0); --paper: light-dark(#fff, #161b22); }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 75rem; margin: 2rem auto;
  padding: 0 1rem; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .3rem .7rem .3rem 0; vertical-align: top;
  border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; } th { color: var(--soft); font-weight: 600; }
p.note { color: var(--soft); max-width: 50rem; } .scroll { overflow-x: auto; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1rem; } figure { margin: 0; }
svg.chart { width: 100%; max-width: 400px; } svg text { fill: var(--ink); font-size: 12px; } svg .chart-soft { fill: var(--soft); }
.chart-line { stroke: var(--line); } .chart-range { fill: var(--accent); opacity: .35; } .chart-dot { fill: var(--accent); }
"""


def page_html(page: Page) -> str:
    """Return the whole document; every text is escaped."""
    return _document(f"{page.kind} {page.name}", "".join(_body(page)))


def index_html(pages: Mapping[str, str]) -> str:
    """Return a document that leads to `pages`: file name to title."""
    lines = "".join(f'<li><a href="{escape(name)}">{escape(title)}</a></li>' for name, title in pages.items())
    return _document("Reports", f"<ul>{lines}</ul>" if pages else "<p>Nothing was measured yet.</p>")


def _document(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>{body}</main>"
        "</body></html>\n"
    )


def _body(page: Page) -> Iterator[str]:
    yield from (f"<p>{escape(line)}</p>" for line in page.lead)
    for section in page.sections:
        yield f"<h2>{escape(section.title)}</h2>"
        if section.note:
            yield f'<p class="note">{escape(section.note)}</p>'
        yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    charts = [chart for chart in section.charts if chart.rows]
    if charts:
        drawn = (
            f"<figure><figcaption>{escape(chart.title)}</figcaption>{interval_chart(chart.rows, chart.title, section.note)}</figure>"
            for chart in charts
        )
        yield f'<div class="charts">{"".join(drawn)}</div>'
    if section.table:
        yield f'<div class="scroll"><table>{"".join(_rows(section))}</table></div>'


def _rows(section: Section) -> Iterator[str]:
    names = section.columns
    yield "<tr>" + "".join(f'<th scope="col">{escape(name)}</th>' for name in names) + "</tr>"
    for row in section.table:
        yield "<tr>" + "".join(f"<td>{escape(row[name])}</td>" for name in names) + "</tr>"
