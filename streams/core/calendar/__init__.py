"""Business calendars: when somebody works, and how much working time passes.  Epoch milliseconds in and out, UTC.

`read` takes YAML and resolves its holidays, `hours` is the resolved form that travels in a bundle, `calendar` answers.
`read` stands on the reading of definitions, and is not imported here, so that definitions can stand on calendars.
"""

from streams.core.calendar.calendar import Calendar
from streams.core.calendar.hours import Hours

__all__ = ["Calendar", "Hours"]
