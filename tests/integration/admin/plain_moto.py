"""moto as local.aws serves it, without its strictness: one request at a time, on a free port, which it prints."""

import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

moto = DomainDispatcherApplication(create_backend_app)
turn = threading.Lock()  # Parameter Store's writes are atomic; moto's threads are not


def application(environ, start_response):
    with turn:
        return list(moto(environ, start_response))


server = make_server("127.0.0.1", 0, application, threaded=True)
print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
