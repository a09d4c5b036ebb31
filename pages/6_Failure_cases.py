"""Failure cases from real projects: predict, run, explain, fix; and a listing to repair."""

import streamlit as st

from core.cases.settings import FAILURES, VIEWS, failures_for
from pages.cases import catalogue, one_case, repair
from pages.components import frame
from pages.components.start_of import start_of
from pages.components.widgets import in_link, widget

PAGE = "pages/6_Failure_cases.py"
with frame.page(PAGE, failures_for(st.query_params.get("case"))):
    case = in_link(FAILURES["case"])
    catalogue.follow(case)
    st.html(catalogue.STYLE)
    start_of(case or "all cases")
    if case and in_link(FAILURES["view"]) == VIEWS[0]:
        one_case.show_case(case)
    else:
        the_list = in_link(FAILURES["view"]) == VIEWS[0]
        show, *places = st.columns([2, 3, 3], gap="medium") if the_list else [st.container()]
        with show:
            widget(FAILURES["view"])
        if the_list:
            st.markdown(
                "Most of these failures were met in projects. Each case names its sources. Read "
                "the code, guess what it does, and run it. Then see why, and the fix."
            )
            catalogue.show_catalogue(*places)
        else:
            repair.show_listing()
