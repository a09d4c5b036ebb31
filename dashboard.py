"""What `streamlit run` starts: the server, and the home page.

Streamlit imports this file once, for `app`, and then runs it anew for every visitor of the home
page. What the first needs is there at once; PyTorch takes two seconds to import.
"""

import streamlit as st
from starlette.middleware import Middleware

from pages.server import lifespan as server
from pages.server import static_files as front

if __name__ == "__main__":
    from pages.home.home import home

    home()
else:
    app = st.App(
        __file__,
        lifespan=server.lifespan,
        middleware=[
            Middleware(server.when_warm),
            Middleware(front.with_the_way),
            Middleware(front.from_memory),
        ],
        on_script_error=server.say_sorry,
    )
