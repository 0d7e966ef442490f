"""Test-time training: fine-tune a copy of the network on the single measurement to be reconstructed."""

from mrilib.ttt.objective import held_out
from mrilib.ttt.one_slice import TTTRecord, test_time_train
from mrilib.ttt.settings import FREE_PHASE, OWN_SCANS, Precision, Settings, Unit
from mrilib.ttt.stopping import History, Progress, Score, rises

__all__ = [
    "FREE_PHASE",
    "OWN_SCANS",
    "History",
    "Precision",
    "Progress",
    "Score",
    "Settings",
    "TTTRecord",
    "Unit",
    "held_out",
    "rises",
    "test_time_train",
]
