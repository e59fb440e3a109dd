"""Hand weights to a partner, a regulator or a cloud without losing track of the copies.

A recipient asks (`request`), the holder of the weights answers with a licence that is data and that
both sign (`grant`), seals a copy under it (`seal`), and the recipient opens it (`open`) and signs
that it did (`receipt`). What is built here rests on standards: DSSE over in-toto statements, the
OpenSSF Model Signing format v1.0, AES-256-GCM in STREAM, HKDF, and HPKE with a hybrid key.
"""

from phalanx.release.loading import Loaded, load_sealed
from phalanx.release.open import Opener

__all__ = ["Loaded", "Opener", "load_sealed"]
