"""A person's browser, as far as a sign-in takes one."""

import re
from urllib.parse import urlsplit

import httpx

from tests.e2e.people import PASSWORD


class Browser:
    """Follows redirects, fills in forms and keeps cookies, as a person's does; stops where it leaves for a client."""

    def __init__(self, email, ours):
        """`ours`: the hosts that are not the client's."""
        self.email, self._hosts = email, ours
        self.http = httpx.Client(timeout=20, trust_env=False)
        self.seen = []  # the pages on the way, as (host and path)

    def open(self, url, answer="yes"):
        """The URL of the client's that the way ends at, or the page that it stops on."""
        response = self.http.get(url)
        for _ in range(10):
            self.seen.append(urlsplit(str(response.url)).path)
            if response.is_redirect:
                following = str(response.next_request.url)
                if urlsplit(following).netloc not in self._ours(response):
                    return following
                response = self.http.get(following)
            elif response.status_code == 200 and "/oauth/authorize" in str(response.url):
                response = self.submit(response, answer=answer)
            elif response.status_code == 200 and "/login" in str(response.url):
                if "Incorrect" in response.text:
                    return response
                response = self.submit(response, username=self.email, password=PASSWORD)
            else:
                return response
        raise AssertionError(self.seen)

    def submit(self, page, **fields):
        hidden = dict(re.findall(r"<input name='(\w+)' type='hidden' value='([^']*)'", page.text))
        hidden |= dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))
        action = re.search(r'action="(\w+)"', page.text)
        return self.http.post(page.url.join(action[1]) if action else page.url, data={**hidden, **fields})

    def _ours(self, response):
        return {response.url.netloc.decode(), *self._hosts}

    def close(self):
        self.http.close()
