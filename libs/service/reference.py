"""`/docs`: the interactive reference, served whole from the package; a browser needs no other host."""

from importlib.resources import files
from typing import Final

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from service.problems import HttpProblem

_RESOURCES: Final = files("fastapi_swagger") / "resources"
_KINDS: Final = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
# The bundle knows addresses of its makers; the policy keeps the browser from any but this one.
_POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
)

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>API reference</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" type="image/png" href="docs/favicon-32x32.png">
</head>
<body>
<div id="reference"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START: Final = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: true,
});
"""

router: Final = APIRouter(include_in_schema=False)


@router.get("/docs")
async def read_reference() -> Response:
    """The page; its addresses are relative, so that it works under any prefix."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


@router.get("/docs/{name}")
async def read_reference_file(name: str) -> Response:
    """One file of the page."""
    if name == "start.js":
        return Response(_START, media_type="text/javascript")
    if name not in _KINDS:
        raise HttpProblem(404, "route_not_found")
    content = (_RESOURCES / name).read_bytes()
    return Response(content, media_type=_KINDS[name], headers={"Cache-Control": "max-age=86400"})
