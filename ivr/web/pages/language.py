"""The switch of the pages' language, kept in a cookie for a year."""

from urllib.parse import urlsplit

from aiohttp import web

from ivr.web.labels import COOKIE, LANGUAGES


async def _choose(request: web.Request) -> web.StreamResponse:
    """Form: `language`, and `back`, the page to return to."""
    form = await request.post()
    chosen, back = str(form.get("language", "")), str(form.get("back", "/"))
    if chosen not in LANGUAGES:
        raise web.HTTPBadRequest(text=f"language is one of {', '.join(LANGUAGES)}")
    if not back.startswith("/") or "\\" in back or urlsplit(back).netloc:  # never to another site
        back = "/"
    response = web.HTTPSeeOther(back)
    response.set_cookie(COOKIE, chosen, max_age=365 * 86400, samesite="Strict", httponly=True)
    raise response


ROUTES = [web.post("/language", _choose)]
