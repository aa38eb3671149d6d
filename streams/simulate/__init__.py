"""Made-up live traffic whose breakages are known beforehand.

A story (an order, a service case, a visit) first draws its fate and then the times that bring it about, so what it breaks is
known without looking at the touchpoints, and without the engine that is to find it.  Days are compressed to seconds.
"""

from pathlib import Path

DEFINITIONS = Path(__file__).parent / "definitions"
