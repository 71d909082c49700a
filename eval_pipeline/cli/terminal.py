"""What all commands share: the two streams, the database, and the options that several of them take.

The modules of this package alone in the core may import resources and assets, and only inside a command: `--help`
stays quick. Not here: any command.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Console

from eval_pipeline.settings import Settings

if TYPE_CHECKING:
    from resources.warehouse import PostgresWarehouse

Day = datetime | None

# Data holds words such as `:smile:`, which are no pictures.
out = Console(width=None if sys.stdout.isatty() else 200, emoji=False)
err = Console(stderr=True, emoji=False)


@contextmanager
def stored(settings: Settings) -> Iterator["PostgresWarehouse"]:
    """Yield the tables of the deployment, in their newest form."""
    from resources.embedded_postgres import database_url
    from resources.migration import migrate
    from resources.warehouse import PostgresWarehouse

    url = database_url(settings)
    migrate(url)
    with PostgresWarehouse(url) as warehouse:
        yield warehouse


def say(text: str) -> None:
    """Print a line; what is not printable in it drives no terminal."""
    from eval_pipeline.printing import printable

    out.print(printable(text), markup=False, highlight=False, soft_wrap=True)
