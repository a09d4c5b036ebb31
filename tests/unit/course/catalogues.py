"""The settings of every page that the course sends a learner to."""

from core.cases.settings import FAILURES as FAILURE_SETTINGS
from core.check.settings import CHECK
from core.course.decision_settings import DECISIONS
from core.lab.settings import LAB
from core.ledger.settings import LEDGER
from core.moving.settings import MOVING
from core.own_error.settings import OWN_ERROR
from core.state_dict.settings import STATE_DICT
from core.training.settings import TRAINING

CATALOGUES = {
    "1_Attention_lab": LAB,
    "2_Moving_devices": MOVING,
    "3_State_dict": STATE_DICT,
    "4_What_is_state": LEDGER,
    "5_Training": TRAINING,
    "6_Failure_cases": FAILURE_SETTINGS,
    "7_Check_your_module": CHECK,
    "8_Your_own_error": OWN_ERROR,
    "9_Decision_card": DECISIONS,
}
