"""Check your own module: which faults it has, each with a run that fails and one that works."""

import streamlit as st

from core.check.settings import CHECK
from pages.check import sections
from pages.check.report import report_of
from pages.components import frame
from pages.components.widgets import widget

PAGE = "pages/7_Check_your_module.py"
with frame.page(PAGE, CHECK):
    st.markdown(
        "`check(build, *inputs)` builds a module many times, runs it, moves it to a simulated "
        "device, saves it and loads it. It needs no GPU and takes seconds. It shows what it "
        "reports: **a run that fails, and the same run with the repair**, where there is one to "
        "try. Here it runs on modules that this page ships; at home it runs on yours."
    )
    ask = widget(CHECK["predict"])
    if sections.predict(ask):
        name = sections.choose()
        report = report_of(name)
        if report:
            sections.show(name, report)
    sections.more()
