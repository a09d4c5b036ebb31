"""What `streamlit run` starts: the server, and the home page.

Streamlit imports this file once, for `app`, and then runs it anew for every visitor of the home
page. What the first needs is there at once; PyTorch takes two seconds to import.
"""

import streamlit as st
from starlette.middleware import Middleware

from pages.server import (
    descriptors,
    lifespan,
    long_links,
    origins,
    routes,
    security,
    static_files,
    uploads,
)

if __name__ == "__main__":
    from pages.home.home import home

    home()
else:
    app = st.App(
        __file__,
        lifespan=lifespan.lifespan,
        middleware=[
            Middleware(security.add_security_headers),
            Middleware(descriptors.refuse_when_full),
            Middleware(origins.refuse_foreign_origins),
            Middleware(long_links.refuse_long_links),
            Middleware(routes.answer_routes),
            Middleware(uploads.bound_uploads),
            Middleware(lifespan.wait_until_warm),
            Middleware(static_files.inject_backend_url),
            Middleware(static_files.cache_static_files),
        ],
        on_script_error=lifespan.show_error,
    )
