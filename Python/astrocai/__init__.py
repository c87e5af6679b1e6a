"""Galaxy redshifts, features and anomalies by AstroMAE, with the bits of the command line `cai`.

>>> import astrocai
>>> galaxies = astrocai.read("cutouts.pt")
>>> model = astrocai.Model("weights.safetensors")
>>> z, flags = model.predict(galaxies.images, galaxies.magnitudes)
"""

from ._calibration import Calibration, Intervals
from ._errors import Error
from ._galaxies import Galaxies, read
from ._model import Anomalies, Model, Prediction, Reconstruction

__version__ = "0.1.0"

__all__ = [
    "Anomalies",
    "Calibration",
    "Error",
    "Galaxies",
    "Intervals",
    "Model",
    "Prediction",
    "Reconstruction",
    "__version__",
    "read",
]
