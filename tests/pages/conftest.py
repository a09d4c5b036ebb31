"""Quiets a warning that Streamlit's own test driver causes on every run."""

import logging

logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").disabled = True
