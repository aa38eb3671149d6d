"""Identity: from links and unlinks to persons, with receipts; pure.

Map: `machine` decides, `persons` groups what is linked (`grouping`: where that is too much for one; `expiry`: what came too late to
link), `pair` is what is known of two identifiers, `known` keeps it, `decided` is what comes out.
"""

from streams.core.identity.decided import Change, Decided, Erasure, Receipt, Standing
from streams.core.identity.machine import Identity
from streams.core.identity.pair import NO_ORDER
from streams.core.identity.persons import EXPIRED

__all__ = ["EXPIRED", "NO_ORDER", "Change", "Decided", "Erasure", "Identity", "Receipt", "Standing"]
