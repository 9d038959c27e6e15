"""Starts a person's server as a browser does: logs in by an address of
`frazil open` and goes to the page of sizes, which starts the only size by
itself. Argument: the address.
"""

import http.cookiejar
import sys
import urllib.request

address = sys.argv[1]
cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
browser = urllib.request.build_opener(cookies)
browser.open(address)
answer = browser.open(address.split("/hub/")[0] + "/hub/spawn")
print(answer.status, answer.url)
sys.exit("/spawn-pending/" not in answer.url and "/user/" not in answer.url)
