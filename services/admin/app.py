"""The administration service: who may use this installation, and with which keys."""

from pennyworth.http import router, serve
from services.admin import configuration, keyroutes, me
from services.admin.organization import (
    audit_logs,
    groups,
    invites,
    project_keys,
    projects,
    service_accounts,
    usage,
    users,
)

app = router()
handler = serve(app)

for part in (
    users,
    keyroutes,
    invites,
    groups,
    projects,
    service_accounts,
    project_keys,
    audit_logs,
    usage,
    me,
    configuration,
):
    app.include_router(part.router)
